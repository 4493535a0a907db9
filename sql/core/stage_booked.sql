create temporary table if not exists stage_booked (
    source text not null,
    event_id text not null,
    outcome text not null,
    unit_id uuid
) on commit drop;
truncate stage_booked;
