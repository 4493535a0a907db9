-- What the touched units count as now, and what has to be added to the sums and taken off them for it.
create temporary table if not exists stage_place (like mart.unit_place) on commit drop;
create temporary table if not exists stage_change (like mart.unit_place, sign integer not null) on commit drop;
truncate stage_place, stage_change;

-- a price list names few storage tariffs
create temporary table if not exists stage_tariff (warehouse text, days date[], amounts bigint[]) on commit drop;
truncate stage_tariff;
insert into stage_tariff (warehouse, days, amounts)
select
    warehouse,
    days,
    amounts
from core.storage_tariff
where merchant_id = %(merchant_id)s;

with charge as (
    select
        cost.unit_id,
        cost.term,
        -- known as soon as any row of the code has an amount
        case when count(cost.amount) > 0 then sum(cost.amount) end as amount
    from stage_touched as touched
    inner join core.unit_cost as cost on touched.unit_id = cost.unit_id
    group by cost.unit_id, cost.event_id, cost.term, cost.code
),

booked as (
    select
        charge.unit_id,
        case
            when bool_and(charge.amount is not null) filter (where charge.term = 'collection') is not false
                then coalesce(sum(charge.amount) filter (where charge.term = 'collection'), 0)::bigint
        end as collection,
        case
            when bool_and(charge.amount is not null) filter (where charge.term = 'receiving') is not false
                then coalesce(sum(charge.amount) filter (where charge.term = 'receiving'), 0)::bigint
        end as receiving,
        case
            when bool_and(charge.amount is not null) filter (where charge.term = 'inspection') is not false
                then coalesce(sum(charge.amount) filter (where charge.term = 'inspection'), 0)::bigint
        end as inspection,
        case
            when bool_and(charge.amount is not null) filter (where charge.term = 'repair') is not false
                then coalesce(sum(charge.amount) filter (where charge.term = 'repair'), 0)::bigint
        end as repair,
        case
            when bool_and(charge.amount is not null) filter (where charge.term = 'parts') is not false
                then coalesce(sum(charge.amount) filter (where charge.term = 'parts'), 0)::bigint
        end as parts,
        case
            when bool_and(charge.amount is not null) filter (where charge.term = 'packaging') is not false
                then coalesce(sum(charge.amount) filter (where charge.term = 'packaging'), 0)::bigint
        end as packaging,
        case
            when bool_and(charge.amount is not null) filter (where charge.term = 'channel_fee') is not false
                then coalesce(sum(charge.amount) filter (where charge.term = 'channel_fee'), 0)::bigint
        end as channel_fee,
        case
            when bool_and(charge.amount is not null) filter (where charge.term = 'write_off') is not false
                then coalesce(sum(charge.amount) filter (where charge.term = 'write_off'), 0)::bigint
        end as write_off
    from charge
    group by charge.unit_id
)

insert into stage_place (
    unit_id, merchant_id, seq, sku, category, supplier, store_id, warehouse, state, zone, channel, stated_reason,
    cause, since, requested_at, received_at, decided_at, on_sale_at, resold_at, ended_at, closed_at, value, proceeds,
    forward_delivery, collection, receiving, inspection, repair, parts, packaging, storage, channel_fee, write_off,
    compensation
)
select
    unit.unit_id,
    unit.merchant_id,
    unit.seq,
    coalesce(resale.sku, unit.sku) as sku,
    coalesce(product.category, 'unknown') as category,
    coalesce(product.supplier, 'unknown') as supplier,
    coalesce(unit.store_id, placed.store_id) as store_id,
    store.warehouse,
    unit.state,
    coalesce(unit.zone, '') as zone,
    coalesce(unit.channel, '') as channel,
    coalesce(unit.stated_reason, return_case.stated_reason, 'unknown') as stated_reason,
    coalesce(unit.cause, 'unknown') as cause,
    coalesce(
        unit.closed_at, entered.at, unit.on_sale_at, unit.restocked_at, unit.qc_at, unit.inspected_at, unit.received_at,
        unit.requested_at, %(now)s::timestamptz
    ) as since,
    unit.requested_at,
    unit.received_at,
    unit.routed_at as decided_at,
    unit.on_sale_at,
    case when unit.state = 'resold' then unit.resold_at end as resold_at,
    case when unit.state not in ('resold', 'cancelled') then unit.closed_at end as ended_at,
    unit.closed_at,
    coalesce(line.base_price, 0) as value,
    case when unit.state = 'resold' then coalesce(unit.resale_price, 0) else 0 end as proceeds,
    -- the delivery of a return that was cancelled is not forfeited
    case
        when unit.state = 'cancelled' then 0
        else core.share_of_parcel(placed.delivery_cost_seller, parcel.pieces, parcel.before + unit.piece)
    end as forward_delivery,
    case when booked.unit_id is null then 0 else booked.collection end as collection,
    case when booked.unit_id is null then 0 else booked.receiving end as receiving,
    case when booked.unit_id is null then 0 else booked.inspection end as inspection,
    case when booked.unit_id is null then 0 else booked.repair end as repair,
    case when booked.unit_id is null then 0 else booked.parts end as parts,
    case when booked.unit_id is null then 0 else booked.packaging end as packaging,
    case
        when unit.closed_at is null then 0
        else core.storage_cost(
            core.day_of(unit.received_at), core.day_of(unit.closed_at), tariff.days, tariff.amounts
        )
    end as storage,
    case when booked.unit_id is null then 0 else booked.channel_fee end as channel_fee,
    case when booked.unit_id is null then 0 else booked.write_off end as write_off,
    coalesce(claim.paid_amount, 0) as compensation
from stage_touched as touched
inner join ledger.unit on touched.unit_id = unit.unit_id
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join channel.resale_sku as resale
    on unit.merchant_id = resale.merchant_id and unit.sku = resale.offer_sku
left join core.product
    on unit.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, unit.sku)
left join core.return_case on unit.case_id = return_case.case_id
left join core.store
    on unit.merchant_id = store.merchant_id and coalesce(unit.store_id, placed.store_id) = store.store_id
left join stage_tariff as tariff on store.warehouse = tariff.warehouse
left join core.claim on unit.unit_id = claim.unit_id
left join booked on unit.unit_id = booked.unit_id
left join lateral (
    select
        sum(every_line.quantity) as pieces,
        coalesce(
            sum(every_line.quantity) filter (
                where (every_line.entry_number, every_line.entry_id) < (line.entry_number, line.entry_id)
            ),
            0
        ) as before
    from core.order_line as every_line
    where every_line.merchant_id = unit.merchant_id and every_line.order_id = unit.order_id
) as parcel on true
-- when it came into the state that it is in
left join lateral (
    select event.occurred_at as at
    from ledger.effective_event as event
    where
        event.unit_id = unit.unit_id
        and event.state_to = unit.state
        and event.state_from is distinct from event.state_to
        and unit.closed_at is null
    order by event.seq desc
    limit 1
) as entered on true;

-- what is the same on both sides adds up to nothing
insert into stage_change
select
    known.*,
    -1
from stage_place as told
inner join mart.unit_place as known on told.unit_id = known.unit_id
where row(known.*) is distinct from row(told.*);

insert into stage_change
select
    told.*,
    1
from stage_place as told
left join mart.unit_place as known on told.unit_id = known.unit_id
where known.unit_id is null or row(known.*) is distinct from row(told.*);
analyze stage_change;
