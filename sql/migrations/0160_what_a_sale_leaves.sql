-- What a sale leaves the merchant is its price less the channel's share: the next sale of a piece is measured against
-- the first one so. Kaspi tells no fee of an order; the price list says what the channel takes, of both sales.

-- The channel's share of a sale in thousandths from each day on which it changes, for each merchant's warehouse ('' is
-- none), as include/domain/money.py has it: a price of the channel's own before one of all channels, then the scope.
create view core.channel_fee_tariff as
with change as (
    select distinct
        merchant.merchant_id,
        place.warehouse,
        channel.code as channel,
        rate.valid_from as day
    from core.merchant
    left join core.store on merchant.merchant_id = store.merchant_id
    cross join lateral (values (''), (store.warehouse)) as place (warehouse)
    cross join (values ('main'), ('resale')) as channel (code)
    inner join core.rate_card as rate
        on
            rate.term = 'channel_fee'
            and rate.code in ('', channel.code)
            and rate.merchant_id in ('*', merchant.merchant_id)
            and rate.warehouse in ('*', place.warehouse)
),

-- of each scope the newest row counts
scope as (
    select distinct on (
        change.merchant_id, change.warehouse, change.channel, change.day, rate.code, rate.merchant_id, rate.warehouse
    )
        change.merchant_id,
        change.warehouse,
        change.channel,
        change.day,
        rate.code <> '' as of_channel,
        rate.merchant_id <> '*' as of_merchant,
        rate.warehouse <> '*' as of_warehouse,
        rate.permille
    from change
    inner join core.rate_card as rate
        on
            rate.term = 'channel_fee'
            and rate.code in ('', change.channel)
            and rate.merchant_id in ('*', change.merchant_id)
            and rate.warehouse in ('*', change.warehouse)
            and change.day >= rate.valid_from
    order by
        change.merchant_id asc,
        change.warehouse asc,
        change.channel asc,
        change.day asc,
        rate.code asc,
        rate.merchant_id asc,
        rate.warehouse asc,
        rate.valid_from desc,
        rate.version desc
),

-- of the scopes the closest that has not ended
price as (
    select distinct on (merchant_id, warehouse, channel, day)
        merchant_id,
        warehouse,
        channel,
        day,
        permille
    from scope
    order by
        merchant_id asc,
        warehouse asc,
        channel asc,
        day asc,
        permille is null asc,
        of_channel desc,
        of_merchant desc,
        of_warehouse desc
)

select
    merchant_id,
    warehouse,
    channel,
    array_agg(day order by day) as days,
    array_agg(permille order by day) as permilles
from price
group by merchant_id, warehouse, channel;

create or replace view mart.unit as
with told as (
    select
        unit.unit_id,
        unit.case_id,
        unit.return_order_no,
        unit.merchant_id,
        coalesce(unit.store_id, placed.store_id) as store_id,
        placed.code as order_code,
        coalesce(resale.sku, unit.sku) as sku,
        coalesce(product.name, line.product_name) as product_name,
        coalesce(product.category, 'unknown') as category,
        coalesce(product.supplier, 'unknown') as supplier,
        coalesce(product.batch, 'unknown') as batch,
        placed.city,
        placed.carrier,
        coalesce(return_case.return_kind, 'unknown') as return_kind,
        coalesce(unit.stated_reason, return_case.stated_reason, 'unknown') as stated_reason,
        unit.finding,
        unit.cause,
        unit.cause_confidence,
        unit.grade,
        unit.state,
        unit.zone,
        unit.route,
        unit.channel,
        unit.offer_sku,
        line.base_price as original_price,
        unit.resale_price,
        fee.permilles[width_bucket(core.day_of(placed.created_at), fee.days)] as fee_of_order,
        return_case.requested_from,
        return_case.requested_to,
        unit.received_at,
        unit.inspected_at,
        unit.routed_at,
        unit.qc_at,
        unit.restocked_at,
        addition.published_at,
        addition.fetched_at,
        addition.observed_at,
        unit.on_sale_at,
        unit.resold_at,
        unit.closed_at,
        unit.attribution,
        unit.received_at is not null and unit.closed_at is not null as is_over,
        -- the delivery of a return that was cancelled is not forfeited
        case
            when unit.state = 'cancelled' then 0
            else core.share_of_parcel(placed.delivery_cost_seller, parcel.pieces, parcel.before + unit.piece)
        end as forward_delivery,
        booked.collection,
        booked.receiving,
        booked.inspection,
        booked.repair,
        booked.parts,
        booked.packaging,
        core.storage_cost(
            core.day_of(unit.received_at),
            least(core.day_of(unit.closed_at), known_day.day),
            tariff.days,
            tariff.amounts
        ) as storage,
        booked.channel_fee,
        booked.write_off,
        coalesce(claim.paid_amount, 0) as compensation
    from ledger.unit as unit
    left join core.customer_order as placed
        on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
    left join core.order_line as line
        on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
    left join channel.resale_sku as resale
        on unit.merchant_id = resale.merchant_id and unit.sku = resale.offer_sku
    left join core.product as product
        on unit.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, unit.sku)
    left join core.return_case as return_case on unit.case_id = return_case.case_id
    left join core.store as store
        on unit.merchant_id = store.merchant_id and coalesce(unit.store_id, placed.store_id) = store.store_id
    left join core.storage_tariff as tariff
        on store.merchant_id = tariff.merchant_id and store.warehouse = tariff.warehouse
    left join core.channel_fee_tariff as fee
        on
            unit.merchant_id = fee.merchant_id
            and coalesce(store.warehouse, '') = fee.warehouse
            and case when resale.sku is null then 'main' else 'resale' end = fee.channel
    left join core.claim as claim on unit.unit_id = claim.unit_id
    cross join core.known_day
    cross join lateral core.booked_costs(unit.unit_id) as booked
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
    left join lateral (
        select
            published_at,
            fetched_at,
            observed_at
        from channel.addition
        where addition.unit_id = unit.unit_id
        order by decision_seq desc
        limit 1
    ) as addition on true
)

select
    unit_id,
    case_id,
    return_order_no,
    merchant_id,
    store_id,
    order_code,
    sku,
    product_name,
    category,
    supplier,
    batch,
    city,
    carrier,
    return_kind,
    stated_reason,
    finding,
    cause,
    cause_confidence,
    grade,
    state,
    zone,
    route,
    channel,
    offer_sku,
    original_price,
    resale_price,
    requested_from,
    requested_to,
    received_at,
    inspected_at,
    routed_at,
    qc_at,
    restocked_at,
    published_at,
    fetched_at,
    observed_at,
    on_sale_at,
    resold_at,
    closed_at,
    attribution,
    forward_delivery as cost_forward_delivery,
    collection as cost_collection,
    receiving as cost_receiving,
    inspection as cost_inspection,
    repair as cost_repair,
    parts as cost_parts,
    packaging as cost_packaging,
    storage as cost_storage,
    channel_fee as cost_channel_fee,
    write_off as cost_write_off,
    -- one unknown term makes the sum unknown
    forward_delivery + collection + receiving + inspection + repair + parts + packaging + storage + channel_fee
    + write_off - compensation as reverse_cost,
    compensation,
    case
        when is_over
            then
                case when state = 'resold' then resale_price else 0 end
                - channel_fee - repair - parts - packaging - receiving - inspection - storage
    end as net_recovery,
    coalesce(forward_delivery, 0) + coalesce(collection, 0) + coalesce(receiving, 0) + coalesce(inspection, 0)
    + coalesce(repair, 0) + coalesce(parts, 0) + coalesce(packaging, 0) + coalesce(storage, 0)
    + coalesce(channel_fee, 0) + coalesce(write_off, 0) - compensation as known_cost,
    array_remove(
        array[
            case when forward_delivery is null then 'forward_delivery' end,
            case when collection is null then 'collection' end,
            case when receiving is null then 'receiving' end,
            case when inspection is null then 'inspection' end,
            case when repair is null then 'repair' end,
            case when parts is null then 'parts' end,
            case when packaging is null then 'packaging' end,
            case when storage is null then 'storage' end,
            case when channel_fee is null then 'channel_fee' end,
            case when write_off is null then 'write_off' end
        ],
        null
    ) as unknown_terms,
    -- rounded up as the fee of a sale is (include/domain/money.py:share)
    original_price - (original_price * fee_of_order + 999) / 1000 as original_net_price,
    case when state = 'resold' then resale_price - channel_fee end as net_proceeds
from told;
comment on column mart.unit.original_net_price is
'The price in the order less the channel''s share of it by the list of the order''s day; NULL where that has none.';
comment on column mart.unit.net_proceeds is
'Of a piece that was sold again: what it was sold for less the channel''s fee; NULL where the fee is not known.';

-- The week's units are valued at what a sale leaves.
alter table mart.receipt_weekly rename column priced_units to valued_units;
alter table mart.receipt_weekly rename column original_price to net_price;
alter table mart.receipt_weekly rename column proceeds_30 to net_proceeds_30;
alter table mart.receipt_weekly rename column proceeds_60 to net_proceeds_60;
alter table mart.stage_receipt_weekly rename column priced_units to valued_units;
alter table mart.stage_receipt_weekly rename column original_price to net_price;
alter table mart.stage_receipt_weekly rename column proceeds_30 to net_proceeds_30;
alter table mart.stage_receipt_weekly rename column proceeds_60 to net_proceeds_60;

-- Another fee of the channel counts for what was ordered already, where its day had none.
create or replace function ops.note_tariffs() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, because)
    select distinct
        merchant.merchant_id,
        'merchant',
        case told.term when 'storage' then 'price of storage changed' else 'fee of the channel changed' end
    from rate_told as told
    inner join core.merchant as merchant on told.merchant_id in ('*', merchant.merchant_id)
    where told.term in ('storage', 'channel_fee');
    return null;
end
$$;
