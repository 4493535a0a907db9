-- What a person is asked about a version.
select
    feed_version.status,
    feed_version.diff,
    feed_version.abnormal,
    feed_version.offers,
    feed_version.composed_at,
    merchant.name,
    merchant.locale,
    setting.value::text::numeric as hours
from channel.feed_version
inner join core.merchant as merchant on feed_version.merchant_id = merchant.merchant_id
inner join ops.setting as setting on setting.name = 'list_approval_hours'
where feed_version.merchant_id = %(merchant_id)s and feed_version.version = %(version)s;
