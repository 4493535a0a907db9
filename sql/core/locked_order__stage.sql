-- The orders whose lines this transaction holds.
create temporary table if not exists locked_order (order_id text primary key) on commit drop;
