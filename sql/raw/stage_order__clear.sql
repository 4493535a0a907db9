delete from raw.stage_order
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;

delete from raw.stage_order_line
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;
