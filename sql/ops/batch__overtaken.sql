select run.run_id
from ops.run as run
inner join ops.batch as batch on run.dag_id = batch.dag_id and run.run_id = batch.run_id
where
    run.dag_id = %(dag_id)s
    and batch.merchant_id = %(merchant_id)s
    and batch.status = 'published'
    and run.now_at > %(now)s
    and run.range_from is null
order by run.now_at desc
limit 1;
