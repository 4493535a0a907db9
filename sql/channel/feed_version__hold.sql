-- channel.feed_version: the staged version of a part that the gate held back keeps the reason.
update channel.feed_version
set
    status = 'held',
    held_reason = batch.detail
from ops.batch as batch
where
    batch.dag_id = %(dag_id)s
    and batch.run_id = %(run_id)s
    and batch.status = 'held'
    and feed_version.merchant_id = batch.merchant_id
    and feed_version.dag_id = batch.dag_id
    and feed_version.run_id = batch.run_id
    and feed_version.status = 'staged';
