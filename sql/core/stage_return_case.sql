create temporary table if not exists stage_return_case (like core.return_case including defaults) on commit drop;
truncate stage_return_case;
