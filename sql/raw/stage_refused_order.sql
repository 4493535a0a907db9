create temporary table if not exists stage_refused_order (like raw.refused_order) on commit drop;
truncate stage_refused_order;
