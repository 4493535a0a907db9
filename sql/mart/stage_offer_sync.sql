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

delete from mart.stage_offer_difference as old
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
    compared_at,
    base_qty,
    returned_qty,
    reserved_qty,
    waiting_qty,
    expected_lo,
    expected_hi,
    shelf_qty,
    counted_at,
    resale,
    recounted_qty,
    kept_back,
    waiting_reasons,
    held_version,
    held_qty,
    held_price,
    watched,
    on_sale
)
with units as (
    select
        store_id,
        offer_sku,
        min(channel) as channel,
        coalesce(sum(quantity) filter (where not reserved), 0)::integer as free,
        count(*) filter (where reserved)::integer as reserved,
        count(*) filter (where waiting_reason is not null)::integer as waiting,
        count(*) filter (where waiting_reason is not null and not reserved and quantity = 1)::integer as kept_back,
        string_agg(distinct waiting_reason, ' · ') as waiting_reasons
    from channel.offered_unit
    where merchant_id = %(merchant_id)s and channel <> 'off_kaspi'
    group by store_id, offer_sku
),

-- The same by another way: from where each unit stands, and the sales that are open.
recounted as (
    select
        addition.store_id,
        addition.offer_sku,
        sum(addition.quantity)::integer as free
    from channel.addition as addition
    inner join ledger.unit as unit on addition.unit_id = unit.unit_id
    where
        addition.merchant_id = %(merchant_id)s
        and addition.withdrawn_at is null
        and addition.channel <> 'off_kaspi'
        and unit.state in ('restock_pending', 'on_sale')
        and not exists (
            select 1
            from channel.sale as sale
            where sale.unit_id = addition.unit_id and sale.state <> 'freed'
        )
        and not exists (
            select 1
            from ledger.event_inbox as early
            where early.unit_id = addition.unit_id and early.type = 'resold'
        )
    group by addition.store_id, addition.offer_sku
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

-- The orders that changed what buyers see since then: taken by new ones, given back by older ones that were cancelled.
-- When an order was cancelled is known between two sweeps only.
since_taken as (
    select
        order_store.store_id,
        line.sku as offer_sku,
        line.quantity,
        placed.created_at >= taken.since as ordered,
        coalesce(cancelled.seen_from >= taken.since, false) as surely_later,
        coalesce(cancelled.seen_to > taken.since, false) as maybe_later,
        placed.status in ('CANCELLED', 'CANCELLING') and placed.handed_over_at is null as cancelled
    from taken
    inner join core.customer_order as placed on placed.merchant_id = %(merchant_id)s
    inner join core.order_line as line
        on placed.merchant_id = line.merchant_id and placed.order_id = line.order_id
    inner join offers on line.sku = offers.offer_sku
    inner join channel.order_store as order_store
        on
            placed.merchant_id = order_store.merchant_id
            and placed.order_id = order_store.order_id
            and offers.store_id = order_store.store_id
    left join lateral (
        select
            observation.seen_from,
            observation.seen_to
        from core.order_observation as observation
        where
            observation.merchant_id = placed.merchant_id
            and observation.order_id = placed.order_id
            and observation.status in ('CANCELLED', 'CANCELLING')
        order by observation.episode
        limit 1
    ) as cancelled on true
    where placed.created_at >= taken.since - interval '60 days' and placed.created_at <= %(now)s
),

moved as (
    select
        store_id,
        offer_sku,
        coalesce(sum(quantity) filter (where ordered and not cancelled), 0)::integer as ordered,
        coalesce(sum(quantity) filter (where not ordered and cancelled and surely_later), 0)::integer as back_surely,
        coalesce(sum(quantity) filter (where not ordered and cancelled and maybe_later), 0)::integer as back_maybe
    from since_taken
    group by store_id, offer_sku
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

compared as (
    select
        offers.store_id,
        offers.offer_sku,
        coalesce(units.channel = 'resale', published.ours, false) and base.sku is null as resale,
        base.stock_count as base_qty,
        coalesce(units.free, 0) as returned_qty,
        coalesce(units.reserved, 0) as reserved_qty,
        coalesce(units.waiting, 0) as waiting_qty,
        coalesce(units.kept_back, 0) as kept_back,
        units.waiting_reasons,
        coalesce(recounted.free, 0) as recounted_qty,
        coalesce(published.quantity, 0) as published_qty,
        case when seen.on_sale then seen.quantity when answered.yes then 0 end as observed_qty,
        counted.quantity as wms_qty,
        case when base.sku is not null then base.price else addition_price.price end as desired_price,
        published.price as published_price,
        seen.price as observed_price,
        seen.on_sale,
        seen.observed_at,
        held_by_kaspi.quantity as held_qty,
        held_by_kaspi.price as held_price,
        coalesce(held_by_kaspi.available and held_by_kaspi.quantity is not null, false) as watched,
        coalesce(held_by_kaspi.quantity, 0) - coalesce(moved.ordered, 0) as left_over,
        coalesce(moved.back_surely, 0) as back_surely,
        coalesce(moved.back_maybe, 0) as back_maybe,
        case when counted.counted_at is not null then coalesce(on_shelf.units, 0) end as shelf_qty,
        counted.counted_at
    from offers
    cross join answered
    left join units on offers.store_id = units.store_id and offers.offer_sku = units.offer_sku
    left join recounted on offers.store_id = recounted.store_id and offers.offer_sku = recounted.offer_sku
    left join published on offers.store_id = published.store_id and offers.offer_sku = published.offer_sku
    left join held_by_kaspi
        on offers.store_id = held_by_kaspi.store_id and offers.offer_sku = held_by_kaspi.offer_sku
    left join base on offers.store_id = base.store_id and offers.offer_sku = base.sku
    left join moved on offers.store_id = moved.store_id and offers.offer_sku = moved.offer_sku
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
)

select
    %(dag_id)s,
    %(run_id)s,
    %(merchant_id)s,
    compared.store_id,
    compared.offer_sku,
    case
        when compared.resale then compared.returned_qty
        else compared.base_qty + compared.returned_qty
    end as desired_qty,
    compared.published_qty,
    compared.observed_qty,
    compared.wms_qty,
    compared.desired_price,
    compared.published_price,
    compared.observed_price,
    served.version,
    served.published_at,
    taken.since as fetched_at,
    compared.observed_at,
    before.diverging_since,
    %(now)s as compared_at,
    compared.base_qty,
    compared.returned_qty,
    compared.reserved_qty,
    compared.waiting_qty,
    case when taken.version is not null then greatest(0, compared.left_over + compared.back_surely) end as expected_lo,
    case when taken.version is not null then greatest(0, compared.left_over + compared.back_maybe) end as expected_hi,
    compared.shelf_qty,
    compared.counted_at,
    compared.resale,
    compared.recounted_qty,
    compared.kept_back,
    compared.waiting_reasons,
    taken.version as held_version,
    compared.held_qty,
    compared.held_price,
    compared.watched,
    compared.on_sale
from compared
left join served on true
left join taken on true
left join mart.offer_sync as before
    on
        before.merchant_id = %(merchant_id)s
        and compared.store_id = before.store_id
        and compared.offer_sku = before.offer_sku;

-- mart.stage_offer_difference: what does not agree, one row a cause.
insert into mart.stage_offer_difference (
    dag_id, run_id, merchant_id, store_id, offer_sku, cause, expected, found, pieces, money, detail, since
)
with staged as (
    select
        stage.*,
        coalesce(stage.published_price, stage.desired_price, 0) as unit_price,
        stage.desired_qty - stage.kept_back as publishable,
        make_interval(hours => setting.value::text::integer) as patience
    from mart.stage_offer_sync as stage
    inner join ops.setting as setting on setting.name = 'feed_unfetched_hours'
    where stage.dag_id = %(dag_id)s and stage.run_id = %(run_id)s and stage.merchant_id = %(merchant_id)s
),

told as (
    select
        store_id,
        offer_sku,
        'waiting' as cause,
        desired_qty::bigint as expected,
        publishable::bigint as found,
        waiting_qty as pieces,
        waiting_qty * unit_price as money,
        waiting_reasons as detail
    from staged
    where waiting_qty > 0
    union all
    select
        store_id,
        offer_sku,
        case when published_qty < publishable then 'published_fewer' else 'published_more' end,
        publishable,
        published_qty,
        abs(publishable - published_qty),
        abs(publishable - published_qty) * unit_price,
        null
    from staged
    where publishable <> published_qty
    union all
    select
        store_id,
        offer_sku,
        'no_list',
        null,
        null,
        publishable,
        publishable * unit_price,
        null
    from staged
    where version is null
    union all
    select
        store_id,
        offer_sku,
        'not_fetched',
        version,
        held_version,
        abs(published_qty - coalesce(held_qty, 0)),
        abs(published_qty - coalesce(held_qty, 0)) * unit_price,
        null
    from staged
    where held_version is distinct from version and published_at < %(now)s - patience
    union all
    select
        store_id,
        offer_sku,
        case when observed_qty < expected_lo then 'buyers_see_fewer' else 'buyers_see_more' end,
        case when observed_qty < expected_lo then expected_lo else expected_hi end,
        observed_qty,
        greatest(expected_lo - observed_qty, observed_qty - expected_hi),
        greatest(expected_lo - observed_qty, observed_qty - expected_hi) * coalesce(held_price, unit_price),
        null
    from staged
    where watched and observed_qty not between expected_lo and expected_hi
    union all
    select
        store_id,
        offer_sku,
        'price',
        held_price,
        observed_price,
        greatest(1, observed_qty),
        greatest(1, observed_qty) * abs(held_price - observed_price),
        null
    from staged
    where on_sale and observed_price <> held_price
    union all
    -- on the shelf of a main offer the merchant's own goods lie, too: only too few are a difference there
    select
        store_id,
        offer_sku,
        case when wms_qty < shelf_qty then 'warehouse_has_fewer' else 'warehouse_has_more' end,
        shelf_qty,
        wms_qty,
        abs(shelf_qty - wms_qty),
        abs(shelf_qty - wms_qty) * unit_price,
        null
    from staged
    where wms_qty < shelf_qty or (resale and wms_qty > shelf_qty)
)

select
    %(dag_id)s,
    %(run_id)s,
    %(merchant_id)s,
    told.store_id,
    told.offer_sku,
    told.cause,
    told.expected,
    told.found,
    coalesce(told.pieces, 0) as pieces,
    coalesce(told.money, 0) as money,
    told.detail,
    coalesce(before.since, %(now)s) as since
from told
left join mart.offer_difference as before
    on
        before.merchant_id = %(merchant_id)s
        and told.store_id = before.store_id
        and told.offer_sku = before.offer_sku
        and told.cause = before.cause;

-- In one line, for whoever reads the table.
with lines as (
    select
        store_id,
        offer_sku,
        case cause
            when 'waiting' then pieces || ' waiting: ' || detail
            when 'no_list' then 'no list is published'
            when 'not_fetched' then 'version ' || expected || ' was not fetched'
            when 'price' then 'buyers see the price ' || found || ', published ' || expected
            when 'warehouse_has_fewer' then 'the warehouse counted ' || found || ', the ledger has ' || expected
            when 'warehouse_has_more' then 'the warehouse counted ' || found || ', the ledger has ' || expected
            when 'buyers_see_fewer' then 'buyers see ' || found || ', expected ' || expected
            when 'buyers_see_more' then 'buyers see ' || found || ', expected ' || expected
            else 'published ' || found || ', desired ' || expected
        end as line,
        array_position(
            array[
                'waiting', 'published_fewer', 'published_more', 'no_list', 'not_fetched', 'buyers_see_fewer',
                'buyers_see_more', 'price', 'warehouse_has_fewer', 'warehouse_has_more'
            ],
            cause
        ) as place
    from mart.stage_offer_difference
    where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
),

texts as (
    select
        staged.store_id,
        staged.offer_sku,
        string_agg(lines.line, '; ' order by lines.place) as divergence
    from mart.stage_offer_sync as staged
    left join lines using (store_id, offer_sku)
    where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s and staged.merchant_id = %(merchant_id)s
    group by staged.store_id, staged.offer_sku
)

update mart.stage_offer_sync
set
    divergence = texts.divergence,
    diverging_since = case
        when texts.divergence is not null then coalesce(stage_offer_sync.diverging_since, %(now)s)
    end
from texts
where
    stage_offer_sync.dag_id = %(dag_id)s
    and stage_offer_sync.run_id = %(run_id)s
    and stage_offer_sync.merchant_id = %(merchant_id)s
    and stage_offer_sync.store_id = texts.store_id
    and stage_offer_sync.offer_sku = texts.offer_sku;

select
    count(*)::integer as offers,
    count(divergence)::integer as diverging
from mart.stage_offer_sync
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;
