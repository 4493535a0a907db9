-- Every unit has the verdict that its facts ask for, as of the merchant's last look. What moved since is of the next.
with mark as (
    select
        look.merchant_id,
        look.looked_at
    from ops.verdict_look as look
),

clock as (
    select
        make_interval(days => max(days) filter (where name = 'overdue_days')) as overdue,
        make_interval(days => max(days) filter (where name = 'lost_days')) as lost,
        make_interval(days => max(days) filter (where name = 'short_days')) as short
    from (
        select
            setting.name,
            setting.value::text::integer as days
        from ops.setting as setting
        where setting.name in ('overdue_days', 'lost_days', 'short_days')
    ) as clocks
),

told as (
    select said.*
    from mark
    cross join clock
    cross join
        core.verdicts(
            mark.merchant_id, mark.looked_at, clock.overdue, clock.lost, clock.short, true,
            null, null, null, null, null, null
        ) as said
)

select
    coalesce(told.merchant_id, known.merchant_id) as merchant_id,
    coalesce(told.unit_id, known.unit_id)::text as record_key,
    'it is ' || coalesce(told.verdict, 'not there') || ', the last look says ' || coalesce(known.verdict, 'nothing')
        as detail
from told
full join core.unit_verdict as known on told.unit_id = known.unit_id
left join mark on coalesce(told.merchant_id, known.merchant_id) = mark.merchant_id
where
    (
        told.unit_id is null
        or known.unit_id is null
        or (told.verdict, told.repeats, told.settled) <> (known.verdict, known.repeats, known.settled)
    )
    and not exists (
        select 1
        from ledger.unit_event as event
        where event.unit_id = coalesce(told.unit_id, known.unit_id) and event.recorded_at >= mark.looked_at
    )
