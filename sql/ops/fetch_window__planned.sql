select bool_or(long) as long
from ops.fetch_window
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
having count(*) > 0;
