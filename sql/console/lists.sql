-- The last published price list of each merchant: when it was published, fetched by Kaspi, seen by a buyer.
with listed as (
    select distinct on (merchant_id)
        merchant_id,
        version,
        offers,
        published_at
    from channel.feed_version
    where status = 'published' and (merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    order by merchant_id asc, version desc
)

select
    merchant.merchant_id,
    merchant.name,
    listed.version,
    listed.offers,
    listed.published_at,
    (
        select min(pull.fetched_at)
        from channel.kaspi_pull as pull
        where
            pull.merchant_id = listed.merchant_id
            and pull.version >= listed.version
            and pull.status in (200, 304)
    ) as fetched_at,
    (
        select max(observation.observed_at)
        from channel.observation as observation
        where observation.merchant_id = listed.merchant_id
    ) as observed_at,
    standing.units,
    standing.fetched,
    standing.observed
from core.merchant as merchant
left join listed on merchant.merchant_id = listed.merchant_id
left join lateral (
    select
        count(*)::integer as units,
        count(*) filter (where addition.fetched_at is not null)::integer as fetched,
        count(*) filter (where addition.observed_at is not null)::integer as observed
    from channel.addition as addition
    inner join ledger.unit as unit on addition.unit_id = unit.unit_id
    where
        addition.merchant_id = merchant.merchant_id
        and addition.withdrawn_at is null
        and addition.published_at is not null
        and unit.state in ('restock_pending', 'on_sale')
) as standing on true
where merchant.active and (merchant.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
order by merchant.merchant_id;
