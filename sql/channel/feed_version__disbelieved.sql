-- A row when Kaspi has taken the list that is served and a buyer then saw an offer with units of ours not on sale, or
-- at another price. The orders must have been swept since: what was sold there meanwhile is no reason to raise a count.
with served as (
    select max(version) as version
    from channel.feed_version
    where merchant_id = %(merchant_id)s and status = 'published'
),

taken as (
    select min(pull.fetched_at) as fetched_at
    from channel.kaspi_pull as pull
    inner join served on pull.version = served.version
    where pull.merchant_id = %(merchant_id)s and pull.status = 200
),

seen as (
    select distinct on (observation.offer_sku, observation.store_id) observation.*
    from channel.observation
    inner join taken on observation.observed_at > taken.fetched_at
    where observation.merchant_id = %(merchant_id)s and observation.observed_at <= %(now)s
    order by observation.offer_sku asc, observation.store_id asc, observation.observed_at desc
)

select
    seen.offer_sku,
    seen.observed_at
from seen
inner join served on true
inner join channel.feed_offer as published
    on
        published.merchant_id = %(merchant_id)s
        and served.version = published.version
        and seen.offer_sku = published.offer_sku
        and seen.store_id = published.store_id
inner join ops.setting as setting on setting.name = 'reassert_list' and setting.value = 'true'::jsonb
where
    published.added_quantity > 0
    and published.available
    and (not seen.on_sale or seen.price <> published.price)
    and exists (
        select 1
        from channel.offered_unit as unit
        where
            unit.merchant_id = %(merchant_id)s
            and unit.offer_sku = seen.offer_sku
            and unit.store_id = seen.store_id
            and unit.channel <> 'off_kaspi'
            and not unit.reserved
            and unit.waiting_reason is null
    )
    and exists (
        select 1
        from ops.run
        inner join ops.batch using (dag_id, run_id)
        where
            run.dag_id = 'kaspi_returns_ingest'
            and run.now_at >= seen.observed_at
            and batch.merchant_id = %(merchant_id)s
            and batch.status = 'published'
    )
order by seen.observed_at
limit 1;
