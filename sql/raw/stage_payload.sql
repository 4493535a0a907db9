create temporary table if not exists stage_payload (like raw.order_payload) on commit drop;
truncate stage_payload;
