-- Differences that were open at a moment, as they were known then, by kind, those with most money first.
with open as (
    select
        known.kind,
        coalesce(amount.money_at_risk, known.money_at_risk) as money,
        case when later.discrepancy_id is null then known.due_at else later.due_at end as due_at
    from core.differences_known(%(merchants)s::text[], %(known_at)s) as known
    left join lateral (
        select
            event.discrepancy_id,
            event.due_at
        from core.discrepancy_event as event
        where event.discrepancy_id = known.discrepancy_id and event.recorded_at > %(known_at)s
        order by event.seq
        limit 1
    ) as later on true
    left join lateral (
        select before.money_at_risk
        from core.discrepancy_amount as before
        where before.discrepancy_id = known.discrepancy_id and before.known_until > %(known_at)s
        order by before.known_until
        limit 1
    ) as amount on true
)

select
    kind,
    count(*)::integer as count,
    sum(money)::bigint as money,
    min(due_at) filter (where due_at > %(known_at)s) as next_due,
    count(*) filter (where due_at <= %(known_at)s)::integer as overdue
from open
group by kind
order by money desc, kind asc;
