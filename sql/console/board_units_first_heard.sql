-- Units first heard of in a span, the first first, from behind the one shown last; each row with the counts of all of
-- them. Marked are those without an open difference or a decision overdue, as mart.expected_weekly counts them.
with listed as materialized (
    select
        unit.unit_id as key,
        least(unit.requested_at, unit.received_at) as at,
        (
            unit.unit_id in (
                select disputed.unit_id
                from core.discrepancy as disputed
                where disputed.merchant_id = any(%(merchants)s) and disputed.status = 'open'
            )
            or unit.case_id in (
                select disputed.case_id
                from core.discrepancy as disputed
                where disputed.merchant_id = any(%(merchants)s) and disputed.status = 'open'
            )
            or unit.case_id in (
                select clock.case_id
                from core.decision_clock as clock
                where
                    clock.merchant_id = any(%(merchants)s)
                    and clock.settled_at is null
                    and clock.due_at < %(now)s
            )
        ) is not true as marked
    from ledger.unit
    inner join mart.unit_place as place on unit.unit_id = place.unit_id
    where
        unit.merchant_id = any(%(merchants)s)
        and least(unit.requested_at, unit.received_at) >= %(begins)s
        and least(unit.requested_at, unit.received_at) < %(ends)s
        and (place.category = %(category)s or %(category)s::text is null)
        and (place.supplier = %(supplier)s or %(supplier)s::text is null)
        and (place.sku = %(sku)s or %(sku)s::text is null)
),

total as (
    select
        count(*)::bigint as all_units,
        (count(*) filter (where marked))::bigint as all_marked
    from listed
),

page as (
    select *
    from listed
    where
        (listed.at, listed.key) > (%(after)s::timestamptz, %(after_key)s::uuid)
        and (listed.marked = (%(part)s = 'yes') or %(part)s::text is null)
    order by listed.at, listed.key
    limit %(shown)s
)

select
    page.key,
    page.at,
    page.marked,
    null::bigint as amount,
    total.all_units,
    total.all_marked,
    0::bigint as all_amount,
    0::bigint as all_base
from total
left join page on true
order by page.at, page.key;
