-- What a first load of many orders pays for.

-- A payload is some two thousand characters. PostgreSQL would compress the longer ones, and writing them costs less.
alter table raw.order_payload set (toast_tuple_target = 8160);

-- Staging tables are analyzed after each fetch, for their size and for rough shares: a small sample tells both.
alter table raw.stage_order
alter column dag_id set statistics 10,
alter column run_id set statistics 10,
alter column merchant_id set statistics 10,
alter column order_id set statistics 10,
alter column code set statistics 10,
alter column state set statistics 10,
alter column status set statistics 10,
alter column total_price set statistics 10,
alter column delivery_cost_seller set statistics 10,
alter column payment_mode set statistics 10,
alter column delivery_mode set statistics 10,
alter column created_at set statistics 10,
alter column planned_delivery_at set statistics 10,
alter column handed_over_at set statistics 10,
alter column cancellation_reason set statistics 10,
alter column store_id set statistics 10,
alter column city set statistics 10,
alter column carrier set statistics 10,
alter column waybill set statistics 10,
alter column returned_to_warehouse set statistics 10,
alter column payload_hash set statistics 10,
alter column window_id set statistics 10,
alter column fetched_at set statistics 10,
alter column read_number set statistics 10;
alter table raw.stage_order_line
alter column dag_id set statistics 10,
alter column run_id set statistics 10,
alter column merchant_id set statistics 10,
alter column order_id set statistics 10,
alter column entry_id set statistics 10,
alter column entry_number set statistics 10,
alter column sku set statistics 10,
alter column product_name set statistics 10,
alter column category set statistics 10,
alter column quantity set statistics 10,
alter column unit_type set statistics 10,
alter column base_price set statistics 10,
alter column total_price set statistics 10,
alter column weight_g set statistics 10,
alter column read_number set statistics 10;
alter table ops.fetch_seen
alter column window_id set statistics 10,
alter column page set statistics 10,
alter column order_ids set statistics 10;

-- A foreign key looks its row up once for each order and line. What it promises is true by the statements that write
-- them: they take orders, lines and observations from one staged batch in one transaction. The night checks it.
alter table core.customer_order drop constraint customer_order_merchant_id_fkey;
alter table core.order_line drop constraint order_line_merchant_id_order_id_fkey;
alter table core.order_observation drop constraint order_observation_merchant_id_order_id_fkey;
