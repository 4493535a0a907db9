delete from mart.stage_kpi_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id is not distinct from %(merchant_id)s;
