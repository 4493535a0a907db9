create temporary table if not exists stage_observation (
    offer_sku text not null,
    store_id text not null,
    on_sale boolean not null,
    price bigint,
    quantity integer
) on commit drop;
truncate stage_observation;
