-- The list that is served now, and the highest version ever given.
select
    (
        select max(version)
        from channel.feed_version
        where merchant_id = %(merchant_id)s
    ) as highest,
    served.version,
    served.sha256,
    served.carried_sha256
from (select 1) as one
left join lateral (
    select
        feed_version.version,
        feed_version.sha256,
        feed_version.carried_sha256
    from channel.feed_version
    where feed_version.merchant_id = %(merchant_id)s and feed_version.status = 'published'
    order by feed_version.version desc
    limit 1
) as served on true;
