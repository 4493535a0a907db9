select merchant_id
from ops.batch
where dag_id = %(dag_id)s and run_id = %(run_id)s and status = any(%(statuses)s)
order by merchant_id;
