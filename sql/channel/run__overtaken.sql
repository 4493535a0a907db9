-- A row when a run with a later clock has already dealt with the merchant: an older run then changes nothing.
select later.run_id
from ops.batch as batch
inner join ops.run as later on batch.dag_id = later.dag_id and batch.run_id = later.run_id
where
    batch.dag_id = %(dag_id)s
    and batch.merchant_id = %(merchant_id)s
    and later.now_at > %(now)s
    and batch.status in ('staged', 'passed', 'published')
order by later.now_at
limit 1;
