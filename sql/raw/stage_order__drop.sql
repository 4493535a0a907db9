-- A quarantined order takes its lines with it.
delete from raw.stage_order
using stage_drop
where
    stage_order.dag_id = %(dag_id)s
    and stage_order.run_id = %(run_id)s
    and stage_order.merchant_id = stage_drop.merchant_id
    and stage_order.order_id = stage_drop.record_key;

delete from raw.stage_order_line
using stage_drop
where
    stage_order_line.dag_id = %(dag_id)s
    and stage_order_line.run_id = %(run_id)s
    and stage_order_line.merchant_id = stage_drop.merchant_id
    and stage_order_line.order_id = stage_drop.record_key;
