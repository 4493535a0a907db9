-- channel.addition: Kaspi's first GET of the version that carried a unit, or of a later one.
with first_fetch as (
    select
        addition.unit_id,
        addition.decision_seq,
        min(pull.fetched_at) as fetched_at
    from channel.addition as addition
    inner join channel.kaspi_pull as pull
        on
            addition.merchant_id = pull.merchant_id
            and addition.published_version <= pull.version
            and addition.published_at <= pull.fetched_at
    where
        addition.merchant_id = %(merchant_id)s
        and addition.channel <> 'off_kaspi'
        and addition.fetched_at is null
        and addition.withdrawn_at is null
        and pull.status in (200, 304)
        and pull.fetched_at <= %(now)s
    group by addition.unit_id, addition.decision_seq
)

update channel.addition
set fetched_at = first_fetch.fetched_at
from first_fetch
where
    addition.unit_id = first_fetch.unit_id
    and addition.decision_seq = first_fetch.decision_seq
returning addition.unit_id, addition.decision_seq, addition.fetched_at;
