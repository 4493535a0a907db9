-- mart.stage_cohort_return: what came back from each order, by horizon, with the certain count and its bounds.
-- Of the cases in cohort_case and their units in cohort_unit.
-- Rule: docs/data-contract.md, "return_rate". A request is counted when its LATEST possible time lies within the
-- horizon; it may count (returned_hi) when its earliest does. An unquantified case counts 1, between 1 and the sold.
with held as (
    select
        case_id,
        min(received_at) as first_receipt,
        count(*) filter (where entry_id is null) as unplaced
    from cohort_unit
    group by case_id
),

-- the latest moment in which a case can have been asked for: what is on the dock was, whenever we swept
asked as (
    select
        cases.*,
        least(cases.requested_to, held.first_receipt) as requested_by
    from cohort_case as cases
    left join held on cases.case_id = held.case_id
),

pieces as (
    select
        cases.case_id,
        cases.order_id,
        unit.entry_id,
        coalesce(unit.stated_reason, cases.stated_reason) as reason,
        coalesce(unit.finding, 'not_inspected') as finding,
        coalesce(unit.cause, 'unknown') as cause,
        line.sku
    from cohort_unit as unit
    inner join cohort_case as cases on unit.case_id = cases.case_id
    -- by its key, however many lines the merchant has
    left join lateral (
        select order_line.sku
        from core.order_line
        where order_line.merchant_id = %(merchant_id)s and order_line.entry_id = unit.entry_id
        order by order_line.entry_id
        limit 1
    ) as line on true
    -- a piece whose line nothing tells is on none: its case stands for it
    where unit.state <> 'cancelled' and unit.entry_id is not null
),

-- what of each line of an order with an unquantified case no piece stands for yet
free_line as (
    select
        line.order_id,
        line.entry_id,
        line.entry_number,
        line.sku,
        line.quantity - count(pieces.entry_id) as free
    from (
        select distinct cases.order_id
        from cohort_case as cases
        where cases.quantity is null
    ) as unsure
    inner join core.order_line as line
        on line.merchant_id = %(merchant_id)s and unsure.order_id = line.order_id
    left join pieces on line.order_id = pieces.order_id and line.entry_id = pieces.entry_id
    group by line.order_id, line.entry_id, line.entry_number, line.sku, line.quantity
),

-- unquantified cases and how many more pieces than the known ones they may be; those here without a line are of them
remainder as (
    select
        cases.case_id,
        cases.order_id,
        cases.stated_reason,
        cases.units_hi - count(pieces.case_id) as pieces_left,
        count(pieces.case_id) = 0 as nothing_known,
        coalesce(held.unplaced, 0) as unplaced
    from cohort_case as cases
    left join held on cases.case_id = held.case_id
    left join pieces on cases.case_id = pieces.case_id
    where cases.quantity is null
    group by cases.case_id, cases.order_id, cases.stated_reason, cases.units_hi, held.unplaced
),

-- spread over the order's lines, the emptiest first, never beyond what a line sold
spread as (
    select
        remainder.case_id,
        remainder.stated_reason,
        remainder.nothing_known,
        remainder.pieces_left,
        remainder.unplaced,
        free_line.entry_id,
        free_line.sku,
        free_line.free,
        sum(free_line.free) over emptiest - free_line.free as free_before
    from remainder
    inner join free_line on remainder.order_id = free_line.order_id
    where free_line.free > 0 and remainder.pieces_left > 0
    window emptiest as (
        partition by remainder.case_id
        order by free_line.free desc, free_line.entry_number asc
    )
),

counted as (
    select
        case_id,
        entry_id,
        sku,
        reason,
        finding,
        cause,
        1 as certain,
        1 as possible
    from pieces
    union all
    select
        case_id,
        entry_id,
        sku,
        stated_reason as reason,
        'not_inspected' as finding,
        'unknown' as cause,
        greatest(0, least(free, greatest(unplaced, nothing_known::integer) - free_before))::integer as certain,
        least(free, pieces_left - free_before)::integer as possible
    from spread
    where pieces_left > free_before
),

judged as (
    select
        counted.*,
        cases.order_id,
        cases.cohort_week,
        cases.city,
        cases.carrier,
        cases.return_kind,
        cases.requested_by,
        horizon.days as horizon_days,
        cases.return_kind = 'customer_return'
        and cases.requested_by <= cases.delivered_at + make_interval(days => horizon.days) as surely,
        cases.requested_from <= cases.delivered_at + make_interval(days => horizon.days) as maybe
    from counted
    inner join asked as cases on counted.case_id = cases.case_id
    cross join (values (14), (30)) as horizon (days)
)

insert into mart.stage_cohort_return (
    dag_id, run_id, merchant_id, order_id, entry_id, horizon_days, return_kind, reason, finding, cause,
    returned, returned_lo, returned_hi, requested_week, cohort_week, city, carrier, sku
)
select
    %(dag_id)s,
    %(run_id)s,
    %(merchant_id)s,
    judged.order_id,
    judged.entry_id,
    judged.horizon_days,
    judged.return_kind,
    coalesce(judged.reason, 'unknown') as reason,
    judged.finding,
    judged.cause,
    case when judged.surely then judged.certain else 0 end as returned,
    case when judged.surely then judged.certain else 0 end as returned_lo,
    judged.possible as returned_hi,
    core.week_of(judged.requested_by) as requested_week,
    judged.cohort_week,
    judged.city,
    judged.carrier,
    judged.sku
from judged
where judged.surely or judged.maybe;

select ops.analyze_table('mart.stage_cohort_return');
