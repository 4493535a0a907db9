-- The parts of a run that were not published; merchant_id NULL is the whole house and names them all.
select merchant_id
from ops.batch
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and status in ('held', 'failed')
    and (merchant_id = %(merchant_id)s or %(merchant_id)s is null)
order by merchant_id;
