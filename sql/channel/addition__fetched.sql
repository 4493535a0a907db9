-- channel.addition: the first GET of the version that carried a unit, or of a later one.
with first_fetch as (
    select
        addition.unit_id,
        addition.decision_seq,
        min(feed_fetch.fetched_at) as fetched_at
    from channel.addition as addition
    inner join channel.feed_fetch
        on
            addition.merchant_id = feed_fetch.merchant_id
            and addition.published_version <= feed_fetch.version
            and addition.published_at <= feed_fetch.fetched_at
    where
        addition.merchant_id = %(merchant_id)s
        and addition.channel <> 'off_kaspi'
        and addition.fetched_at is null
        and addition.withdrawn_at is null
        and feed_fetch.status in (200, 304)
        and feed_fetch.fetched_at <= %(now)s
    group by addition.unit_id, addition.decision_seq
)

update channel.addition
set fetched_at = first_fetch.fetched_at
from first_fetch
where
    addition.unit_id = first_fetch.unit_id
    and addition.decision_seq = first_fetch.decision_seq
returning addition.unit_id, addition.decision_seq, addition.fetched_at;
