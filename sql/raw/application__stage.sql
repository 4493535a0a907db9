create temporary table if not exists stage_application (like raw.application including defaults) on commit drop;
truncate stage_application;
