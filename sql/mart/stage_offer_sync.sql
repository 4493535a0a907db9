-- mart.stage_offer_sync: each offer that returned goods stand behind, compared four ways.
--   desired = base + the ledger's part; published = desired; observed = published - sales since; WMS = what it counted.
delete from mart.stage_offer_sync as old
where
    old.merchant_id = %(merchant_id)s
    and old.dag_id = %(dag_id)s
    and (
        old.run_id = %(run_id)s
        or exists (
            select 1
            from ops.batch
            where
                batch.dag_id = old.dag_id
                and batch.run_id = old.run_id
                and batch.merchant_id = old.merchant_id
                and batch.status in ('held', 'failed', 'published')
        )
    );

insert into mart.stage_offer_sync (
    dag_id,
    run_id,
    merchant_id,
    store_id,
    offer_sku,
    desired_qty,
    published_qty,
    observed_qty,
    wms_qty,
    desired_price,
    published_price,
    observed_price,
    version,
    published_at,
    fetched_at,
    observed_at,
    diverging_since,
    divergence
)
with units as (
    select
        store_id,
        offer_sku,
        min(channel) as channel,
        min(sku) as sku,
        coalesce(sum(quantity) filter (where not reserved), 0)::integer as free,
        count(*) filter (where waiting_reason is not null)::integer as waiting,
        count(*) filter (where waiting_reason is not null and not reserved and quantity = 1)::integer as kept_back,
        min(waiting_reason) as waiting_reason
    from channel.offered_unit
    where merchant_id = %(merchant_id)s and channel <> 'off_kaspi'
    group by store_id, offer_sku
),

served as (
    select
        version,
        published_at
    from channel.feed_version
    where merchant_id = %(merchant_id)s and status = 'published' and published_at <= %(now)s
    order by version desc
    limit 1
),

-- What Kaspi holds: the newest version that it fetched whole, and since when.
taken as (
    select
        pull.version,
        min(pull.fetched_at) as since
    from channel.kaspi_pull as pull
    where
        pull.merchant_id = %(merchant_id)s
        and pull.status = 200
        and pull.fetched_at <= %(now)s
        and pull.version = (
            select newest.version
            from channel.kaspi_pull as newest
            where
                newest.merchant_id = %(merchant_id)s
                and newest.status = 200
                and newest.fetched_at <= %(now)s
            order by newest.fetched_at desc
            limit 1
        )
    group by pull.version
),

published as (
    select
        feed_offer.store_id,
        feed_offer.offer_sku,
        sum(feed_offer.quantity)::integer as quantity,
        sum(feed_offer.added_quantity)::integer as added,
        bool_or(feed_offer.ours) as ours,
        min(feed_offer.price) as price
    from channel.feed_offer
    inner join served on feed_offer.version = served.version
    where feed_offer.merchant_id = %(merchant_id)s
    group by feed_offer.store_id, feed_offer.offer_sku
),

held_by_kaspi as (
    select
        feed_offer.store_id,
        feed_offer.offer_sku,
        sum(feed_offer.quantity)::integer as quantity,
        min(feed_offer.price) as price,
        bool_and(feed_offer.available) as available
    from channel.feed_offer
    inner join taken on feed_offer.version = taken.version
    where feed_offer.merchant_id = %(merchant_id)s
    group by feed_offer.store_id, feed_offer.offer_sku
),

base as (
    select
        offer.store_id,
        offer.sku,
        min(offer.stock_count) as stock_count,
        min(offer.price) as price
    from channel.base_offer as offer
    where
        offer.merchant_id = %(merchant_id)s
        and offer.base_version = (
            select max(base_list.base_version)
            from channel.base_list
            where base_list.merchant_id = %(merchant_id)s
        )
    group by offer.store_id, offer.sku
),

ordered as (
    select
        order_store.store_id,
        line.sku as offer_sku,
        sum(line.quantity)::integer as pieces
    from core.order_line as line
    inner join core.customer_order as placed
        on line.merchant_id = placed.merchant_id and line.order_id = placed.order_id
    inner join channel.order_store as order_store
        on placed.merchant_id = order_store.merchant_id and placed.order_id = order_store.order_id
    inner join taken on placed.created_at >= taken.since
    where
        line.merchant_id = %(merchant_id)s
        and placed.created_at <= %(now)s
        and not (placed.status in ('CANCELLED', 'CANCELLING') and placed.handed_over_at is null)
    group by order_store.store_id, line.sku
),

-- The read-back of this very run; an older one would be compared with the wrong sales.
seen as (
    select
        store_id,
        offer_sku,
        observed_at,
        on_sale,
        price,
        quantity
    from channel.observation
    where merchant_id = %(merchant_id)s and observed_at = %(now)s
),

answered as (
    select count(*) > 0 as yes
    from seen
),

counted as (
    select distinct on (store_id, offer_sku)
        store_id,
        offer_sku,
        counted_at,
        quantity
    from channel.wms_stock
    where merchant_id = %(merchant_id)s and counted_at <= %(now)s
    order by store_id asc, offer_sku asc, counted_at desc
),

-- The returned units that lay on the shelf when the warehouse counted.
on_shelf as (
    select
        counted.store_id,
        counted.offer_sku,
        count(*)::integer as units
    from counted
    inner join channel.addition as addition
        on
            addition.merchant_id = %(merchant_id)s
            and counted.store_id = addition.store_id
            and counted.offer_sku = addition.offer_sku
            and addition.channel <> 'off_kaspi'
    inner join ledger.unit as unit on addition.unit_id = unit.unit_id
    where
        unit.qc_at <= counted.counted_at
        and (unit.resold_at is null or unit.resold_at > counted.counted_at)
        and (unit.closed_at is null or unit.closed_at > counted.counted_at)
        and (addition.withdrawn_at is null or addition.withdrawn_at > counted.counted_at)
    group by counted.store_id, counted.offer_sku
),

offers as (
    select
        store_id,
        offer_sku
    from units
    union
    select
        store_id,
        offer_sku
    from published
    where ours or added <> 0
),

compared as (
    select
        offers.store_id,
        offers.offer_sku,
        case
            when coalesce(units.channel = 'resale', published.ours) and base.sku is null then coalesce(units.free, 0)
            when base.stock_count is not null then base.stock_count + coalesce(units.free, 0)
        end as desired_qty,
        coalesce(published.quantity, 0) as published_qty,
        case when seen.on_sale then seen.quantity when answered.yes then 0 end as observed_qty,
        counted.quantity as wms_qty,
        case when base.sku is not null then base.price else addition_price.price end as desired_price,
        published.price as published_price,
        seen.price as observed_price,
        seen.on_sale,
        seen.observed_at,
        coalesce(units.waiting, 0) as waiting,
        coalesce(units.kept_back, 0) as kept_back,
        units.waiting_reason,
        held_by_kaspi.price as held_price,
        held_by_kaspi.available as held_available,
        greatest(0, coalesce(held_by_kaspi.quantity, 0) - coalesce(ordered.pieces, 0)) as visible_qty,
        held_by_kaspi.quantity is null and held_by_kaspi.available as uncounted,
        coalesce(on_shelf.units, 0) as shelf_units,
        counted.counted_at
    from offers
    cross join answered
    left join units on offers.store_id = units.store_id and offers.offer_sku = units.offer_sku
    left join published on offers.store_id = published.store_id and offers.offer_sku = published.offer_sku
    left join held_by_kaspi
        on offers.store_id = held_by_kaspi.store_id and offers.offer_sku = held_by_kaspi.offer_sku
    left join base on offers.store_id = base.store_id and offers.offer_sku = base.sku
    left join ordered on offers.store_id = ordered.store_id and offers.offer_sku = ordered.offer_sku
    left join seen on offers.store_id = seen.store_id and offers.offer_sku = seen.offer_sku
    left join counted on offers.store_id = counted.store_id and offers.offer_sku = counted.offer_sku
    left join on_shelf on offers.store_id = on_shelf.store_id and offers.offer_sku = on_shelf.offer_sku
    left join lateral (
        select max(addition.price) as price
        from channel.addition as addition
        where
            addition.merchant_id = %(merchant_id)s
            and addition.offer_sku = offers.offer_sku
            and addition.store_id = offers.store_id
            and addition.withdrawn_at is null
            and addition.published_version is not null
    ) as addition_price on true
),

known as (
    select
        compared.*,
        served.version,
        served.published_at,
        taken.version as taken_version,
        taken.since as fetched_at,
        make_interval(hours => setting.value::text::integer) as patience
    from compared
    inner join ops.setting as setting on setting.name = 'feed_unfetched_hours'
    left join served on true
    left join taken on true
),

judged as (
    select
        known.*,
        nullif(
            concat_ws(
                '; ',
                case when waiting > 0 then waiting || ' waiting: ' || waiting_reason end,
                case
                    when desired_qty - kept_back <> published_qty
                        then 'published ' || published_qty || ', desired ' || desired_qty
                end,
                case
                    when version is null then 'no list is published'
                    when
                        taken_version is distinct from version
                        and published_at < %(now)s - patience
                        then 'version ' || version || ' was not fetched'
                end,
                case
                    when held_available and not uncounted and observed_qty <> visible_qty
                        then 'buyers see ' || observed_qty || ', expected ' || visible_qty
                end,
                case
                    when on_sale and held_price is not null and observed_price <> held_price
                        then 'buyers see the price ' || observed_price || ', published ' || held_price
                end,
                case
                    when wms_qty is not null and wms_qty <> shelf_units
                        then 'the warehouse counted ' || wms_qty || ', the ledger has ' || shelf_units
                end
            ),
            ''
        ) as divergence
    from known
)

select
    %(dag_id)s,
    %(run_id)s,
    %(merchant_id)s,
    judged.store_id,
    judged.offer_sku,
    judged.desired_qty,
    judged.published_qty,
    judged.observed_qty,
    judged.wms_qty,
    judged.desired_price,
    judged.published_price,
    judged.observed_price,
    judged.version,
    judged.published_at,
    judged.fetched_at,
    judged.observed_at,
    case when judged.divergence is not null then coalesce(before.diverging_since, %(now)s) end as diverging_since,
    judged.divergence
from judged
left join mart.offer_sync as before
    on
        before.merchant_id = %(merchant_id)s
        and judged.store_id = before.store_id
        and judged.offer_sku = before.offer_sku;

select
    count(*)::integer as offers,
    count(divergence)::integer as diverging
from mart.stage_offer_sync
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;
