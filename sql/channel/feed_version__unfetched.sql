-- A row when Kaspi has not asked for the list, nor for a later one, for longer than it may take.
with served as (
    select
        version,
        published_at
    from channel.feed_version
    where merchant_id = %(merchant_id)s and status = 'published'
    order by version desc
    limit 1
)

select
    served.version,
    served.published_at
from ops.setting as setting
inner join served on true
where
    setting.name = 'feed_unfetched_hours'
    and served.published_at < %(now)s::timestamptz - make_interval(hours => setting.value::text::integer)
    and not exists (
        select 1
        from channel.kaspi_pull as pull
        where
            pull.merchant_id = %(merchant_id)s
            and pull.status in (200, 304)
            and pull.fetched_at > %(now)s::timestamptz - make_interval(hours => setting.value::text::integer)
    );
