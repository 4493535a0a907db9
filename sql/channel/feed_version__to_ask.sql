-- Pending versions that nobody was asked about yet, as many as may wait for an answer beside those that do.
with limits as (
    select
        max(value::text::integer) filter (where name = 'list_approvals_at_once') as at_once,
        max(value::text::numeric) filter (where name = 'list_approval_hours') as hours
    from ops.setting
),

free as (
    select greatest(limits.at_once - count(feed_version.version), 0) as places
    from limits
    left join channel.feed_version as feed_version
        on
            -- a run whose version is over waits for its answer all the same
            feed_version.settled_at is null
            and feed_version.asked_at > %(now)s::timestamptz - limits.hours * interval '1 hour'
    group by limits.at_once
)

select
    feed_version.merchant_id,
    feed_version.version
from channel.feed_version
where feed_version.status = 'pending' and feed_version.asked_at is null
order by feed_version.composed_at, feed_version.merchant_id
limit (select free.places from free);
