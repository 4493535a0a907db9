-- channel.addition: units that were put on an offer without us (a previous system's listing) get their row.
insert into channel.addition (
    unit_id,
    decision_seq,
    merchant_id,
    store_id,
    channel,
    offer_sku,
    quantity,
    price,
    decided_at,
    withdrawn_at,
    published_at,
    fetched_at,
    observed_at
)
with only_store as (
    select
        merchant_id,
        min(store_id) as store_id
    from core.store
    group by merchant_id
    having count(*) = 1
)

select
    decided.unit_id,
    decided.seq,
    decided.merchant_id,
    coalesce(store.store_id, only_store.store_id, unit.store_id, '') as store_id,
    decided.payload ->> 'channel' as channel,
    decided.payload ->> 'offer_sku' as offer_sku,
    case
        when store.base_includes_returns and decided.payload ->> 'channel' <> 'off_kaspi' then 0
        else 1
    end as quantity,
    (decided.payload ->> 'resale_price')::bigint as price,
    decided.occurred_at as decided_at,
    -- what was taken off again before we came, or never should have been there, stands behind no offer
    case
        when
            unit.state not in ('restock_pending', 'on_sale', 'resold')
            or decided.seq < (
                select max(newer.seq)
                from ledger.effective_event as newer
                where newer.unit_id = decided.unit_id and newer.type = 'restock_pending'
            )
            or (decided.payload ->> 'channel' <> 'off_kaspi' and ledger.forbidden_on_kaspi(unit.unit_id) is not null)
            then %(now)s::timestamptz
    end as withdrawn_at,
    shown.occurred_at as published_at,
    shown.occurred_at as fetched_at,
    shown.occurred_at as observed_at
from ledger.effective_event as decided
inner join ledger.unit as unit on decided.unit_id = unit.unit_id
left join only_store on decided.merchant_id = only_store.merchant_id
left join core.store as store
    on
        decided.merchant_id = store.merchant_id
        and coalesce(unit.store_id, only_store.store_id) = store.store_id
left join lateral (
    select later.occurred_at
    from ledger.effective_event as later
    where later.unit_id = decided.unit_id and later.seq > decided.seq and later.type = 'on_sale'
    order by later.seq
    limit 1
) as shown on true
where
    decided.merchant_id = %(merchant_id)s
    and decided.type = 'restock_pending'
    and not exists (
        select 1
        from channel.addition as known
        where known.unit_id = decided.unit_id and known.decision_seq = decided.seq
    )
order by decided.unit_id, decided.seq
on conflict (unit_id, decision_seq) do nothing;

-- Their resale SKUs are already on Kaspi, so they are linked.
insert into channel.resale_sku (merchant_id, offer_sku, sku, state, state_since)
select distinct on (addition.merchant_id, unit.sku)
    addition.merchant_id,
    addition.offer_sku,
    unit.sku,
    'linked' as state,
    addition.decided_at
from channel.addition as addition
inner join ledger.unit as unit on addition.unit_id = unit.unit_id
where
    addition.merchant_id = %(merchant_id)s
    and addition.channel = 'resale'
    and addition.fetched_at is not null
    and addition.published_version is null
    and addition.withdrawn_at is null
    and addition.offer_sku ~ '^[A-Za-z0-9]{1,20}$'
    and unit.sku is not null
order by addition.merchant_id, unit.sku, addition.decided_at, addition.offer_sku
on conflict do nothing;
