-- Answers of Kaspi's product directory on their way into core.order_line; an empty code means that it has none.
create temporary table if not exists stage_master (
    entry_id text not null,
    master_code text not null
) on commit drop;
truncate stage_master;
