create temporary table if not exists stage_drop (
    merchant_id text not null,
    record_key text not null,
    primary key (merchant_id, record_key)
) on commit drop;
truncate stage_drop;
