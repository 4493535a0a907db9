-- Decisions and claims whose time runs out between two moments, as they were known at the first, by the day it ends.
-- A midnight is the end of the day before.
with decision as (
    select distinct on (event.case_id) event.*
    from core.decision_clock_event as event
    where
        event.case_id in (
            select due.case_id
            from core.decision_clock_event as due
            where
                due.merchant_id = any(%(merchants)s::text[])
                and due.due_at > %(known_at)s
                and due.due_at <= %(until)s
                and due.recorded_at <= %(known_at)s
        )
        and event.recorded_at <= %(known_at)s
    order by event.case_id asc, event.recorded_at desc, event.event_no desc
),

claim as (
    select distinct on (event.claim_id) event.*
    from core.claim as claim
    inner join core.claim_event as event on claim.claim_id = event.claim_id
    where
        claim.merchant_id = any(%(merchants)s::text[])
        and (claim.status in ('draft', 'ready') or claim.changed_at > %(known_at)s)
        and event.recorded_at <= %(known_at)s
    order by event.claim_id asc, event.seq desc
),

running as (
    select
        'decision' as kind,
        due_at,
        null::bigint as amount
    from decision
    where settled_at is null or settled_at > %(known_at)s
    union all
    select
        'claim' as kind,
        due_at,
        amount
    from claim
    where status in ('draft', 'ready')
)

select
    kind,
    ((due_at - interval '1 microsecond') at time zone 'Asia/Almaty')::date as day,
    count(*)::integer as count,
    coalesce(sum(amount), 0)::bigint as money,
    min(due_at) as first_due
from running
where due_at > %(known_at)s and due_at <= %(until)s
group by 1, 2
order by 2, 1;
