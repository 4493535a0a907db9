select
    merchant_id,
    status,
    detail
from ops.batch
where dag_id = %(dag_id)s and run_id = %(run_id)s
order by merchant_id;
