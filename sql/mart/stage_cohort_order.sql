-- The orders of the cohorts that this run counts anew, for the transaction: what was sold, and of which something came
-- back. Cost: the orders of these weeks, whatever lies before them.
create temporary table cohort_order on commit drop as
select
    placed.order_id,
    touch.week_start as cohort_week,
    coalesce(placed.city, 'unknown') as city,
    coalesce(placed.carrier, 'unknown') as carrier,
    coalesce(placed.planned_delivery_at, placed.handed_over_at, placed.created_at) as planned_at,
    placed.status = 'COMPLETED'
    or came_back.customer_return
    or coalesce(
        (
            select true
            from core.order_observation as seen
            where
                seen.merchant_id = placed.merchant_id
                and seen.order_id = placed.order_id
                and seen.status = 'COMPLETED'
            order by seen.episode
            limit 1
        ),
        false
    ) as is_sold,
    came_back.customer_return or came_back.unknown_kind as is_back
from mart.stage_touch as touch
inner join core.customer_order as placed
    on
        placed.merchant_id = %(merchant_id)s
        and placed.created_at >= core.week_begin(touch.week_start)
        and placed.created_at < core.week_begin(touch.week_start + 7)
inner join lateral (
    select
        coalesce(bool_or(return_case.return_kind = 'customer_return'), false) as customer_return,
        coalesce(bool_or(return_case.return_kind = 'unknown'), false) as unknown_kind
    from core.return_case as return_case
    where return_case.merchant_id = placed.merchant_id and return_case.order_id = placed.order_id
) as came_back on true
where
    touch.dag_id = %(dag_id)s
    and touch.run_id = %(run_id)s
    and touch.merchant_id = %(merchant_id)s
    and touch.kind = 'cohort';

analyze cohort_order;

-- The cases of these orders.
create temporary table cohort_case on commit drop as
select
    return_case.case_id,
    placed.order_id,
    placed.cohort_week,
    placed.city,
    placed.carrier,
    return_case.return_kind,
    return_case.stated_reason,
    return_case.quantity,
    return_case.units_hi,
    return_case.requested_from,
    return_case.requested_to,
    case
        when completed.seen_to - completed.seen_from <= interval '2 days' then completed.seen_to
        else placed.planned_at
    end as delivered_at
from cohort_order as placed
-- by the order, however many cases the merchant has; in the order of what it is asked by: nothing to sort
inner join lateral (
    select known.*
    from core.return_case as known
    where
        known.merchant_id = %(merchant_id)s
        and known.order_id = placed.order_id
        and known.return_kind in ('customer_return', 'unknown')
    order by known.order_id
    offset 0
) as return_case on true
left join lateral (
    select
        seen.seen_from,
        seen.seen_to
    from core.order_observation as seen
    where
        seen.merchant_id = %(merchant_id)s
        and seen.order_id = placed.order_id
        and seen.status = 'COMPLETED'
    order by seen.episode
    limit 1
) as completed on true
where placed.is_back;

analyze cohort_case;

-- The units of these cases, looked up once: a long history has them far apart.
create temporary table cohort_unit on commit drop as
select
    unit.case_id,
    unit.entry_id,
    unit.state,
    unit.stated_reason,
    unit.finding,
    unit.cause,
    unit.received_at
from cohort_case as cases
inner join lateral (
    select known.*
    from ledger.unit as known
    where known.case_id = cases.case_id
    order by known.case_id
    offset 0
) as unit on true;

analyze cohort_unit;
