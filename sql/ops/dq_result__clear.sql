delete from ops.dq_result
where dag_id = %(dag_id)s and run_id = %(run_id)s and suite = %(suite)s;
