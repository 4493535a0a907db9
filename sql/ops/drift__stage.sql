create temporary table if not exists stage_schema_drift (
    kind text not null,
    path text not null,
    detail text not null,
    examples integer not null,
    example_order_id text,
    primary key (path, kind, detail)
) on commit drop;
truncate stage_schema_drift;
