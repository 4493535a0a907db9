-- The newest versions of price lists and how each differs from the one before.
select
    feed_version.merchant_id,
    merchant.name,
    feed_version.version,
    feed_version.status,
    feed_version.cautious,
    feed_version.offers,
    feed_version.composed_at,
    feed_version.published_at,
    feed_version.held_reason,
    feed_version.abnormal,
    feed_version.settled_by,
    feed_version.diff
from core.merchant as merchant
inner join lateral (
    select newest.*
    from channel.feed_version as newest
    where newest.merchant_id = merchant.merchant_id
    order by newest.version desc
    limit %(shown)s
) as feed_version on true
where merchant.active and (merchant.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
order by
    feed_version.status = 'pending' desc, feed_version.composed_at desc, feed_version.version desc, merchant.name asc
limit %(shown)s;
