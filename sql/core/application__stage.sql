create temporary table if not exists stage_core_application (like core.application including defaults) on commit drop;
truncate stage_core_application;
