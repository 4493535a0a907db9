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
cross join lateral (
    select
        coalesce(bool_or(return_case.return_kind = 'customer_return'), false) as customer_return,
        coalesce(bool_or(return_case.return_kind = 'unknown'), false) as unknown_kind
    from core.return_case as return_case
    where return_case.merchant_id = placed.merchant_id and return_case.order_id = placed.order_id
) as came_back
where
    touch.dag_id = %(dag_id)s
    and touch.run_id = %(run_id)s
    and touch.merchant_id = %(merchant_id)s
    and touch.kind = 'cohort';

analyze cohort_order;
