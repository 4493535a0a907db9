-- What a new list is compared with: the last good one (published as it was composed, or approved by a person), and the
-- newest one after it that waits for a person or was rejected. One row.
with good as (
    select max(version) as version
    from channel.feed_version
    where
        merchant_id = %(merchant_id)s
        and (status = 'approved' or (status = 'published' and not cautious))
)

select
    good.version as good,
    doubted.version as doubted,
    doubted.status as doubted_status,
    doubted.base_version as doubted_base
from good
left join lateral (
    select
        feed_version.version,
        feed_version.status,
        feed_version.base_version
    from channel.feed_version
    where
        feed_version.merchant_id = %(merchant_id)s
        and feed_version.status in ('pending', 'rejected')
        and feed_version.version > coalesce(good.version, 0)
    order by feed_version.status = 'pending' desc, feed_version.version desc
    limit 1
) as doubted on true;
