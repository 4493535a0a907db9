delete from mart.stage_signal
where dag_id = %(dag_id)s and run_id = %(run_id)s;
