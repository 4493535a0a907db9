-- Whether the part may be published: it passed and what was staged is there, or it is published already.
select
    batch.status,
    batch.detail,
    batch.status = 'published' or (batch.status = 'passed' and exists (select 1 from ops.staging_mark)) as may
from ops.batch
where batch.dag_id = %(dag_id)s and batch.run_id = %(run_id)s and batch.merchant_id = %(merchant_id)s;
