-- The list behind a secret token: no row for an unknown token, NULL version where nothing is published yet.
select
    merchant.merchant_id,
    served.version,
    served.sha256,
    served.published_at,
    served.size
from core.merchant as merchant
left join lateral (
    select
        feed_version.version,
        feed_version.sha256,
        feed_version.published_at,
        octet_length(feed_version.body) as size
    from channel.feed_version
    where feed_version.merchant_id = merchant.merchant_id and feed_version.status = 'published'
    order by feed_version.version desc
    limit 1
) as served on true
where merchant.feed_token = %(token)s;
