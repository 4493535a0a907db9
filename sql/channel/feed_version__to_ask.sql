-- Pending versions that nobody was asked about yet, as many as may wait for an answer beside those that do.
with limits as (
    select
        max(value::text::integer) filter (where name = 'list_approvals_at_once') as at_once,
        max(value::text::numeric) filter (where name = 'list_approval_hours') as hours
    from ops.setting
),

waiting as (
    select count(*) as n
    from channel.feed_version, limits
    where
        -- a run whose version is over waits for its answer all the same
        asked_at is not null
        and settled_at is null
        and asked_at > %(now)s::timestamptz - limits.hours * interval '1 hour'
)

select
    feed_version.merchant_id,
    feed_version.version
from channel.feed_version, limits, waiting
where feed_version.status = 'pending' and feed_version.asked_at is null
order by feed_version.composed_at, feed_version.merchant_id
limit (select greatest(limits.at_once - waiting.n, 0) from limits, waiting);
