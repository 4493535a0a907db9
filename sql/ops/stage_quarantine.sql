create temporary table if not exists stage_quarantine (
    merchant_id text not null,
    source text not null,
    record_key text not null,
    reason text not null,
    pointer text,
    payload jsonb,
    first_seen timestamptz not null
) on commit drop;
truncate stage_quarantine;
