create temporary table if not exists stage_unit_cost (like core.unit_cost) on commit drop;
truncate stage_unit_cost;
