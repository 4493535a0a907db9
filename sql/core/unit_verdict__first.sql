-- core.unit_verdict and core.discrepancy: a merchant's first look, at everything there is, and the cases of what
-- differs; there are none of these kinds yet. What was just written is not looked up again: nobody has counted it.
with told as materialized (
    select
        verdicts.*,
        -- the kind's place among the kinds of which there are cases
        case when not verdicts.settled then array_position(%(kinds)s::text[], verdicts.verdict) end as rule
    from
        core.verdicts(
            %(merchant_id)s, %(now)s, %(overdue)s, %(lost)s, %(short)s, true, null, null, null, null, null, null
        ) as verdicts
),

written as (
    insert into core.unit_verdict (unit_id, merchant_id, verdict, since, turns_at, repeats, settled)
    select
        unit_id,
        merchant_id,
        verdict,
        since,
        turns_at,
        repeats,
        settled
    from told
)

insert into core.discrepancy (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, found_at, due_at,
    money_at_risk, owner, status
)
select
    md5(told.verdict || '/' || told.merchant_id || '/' || told.unit_id)::uuid,
    told.merchant_id,
    told.case_id,
    told.unit_id,
    case
        when told.order_id is not null then (
            select placed.code
            from core.customer_order as placed
            where placed.merchant_id = %(merchant_id)s and placed.order_id = told.order_id
        )
    end,
    told.verdict,
    coalesce(told.unit_label, told.unit_id::text),
    told.since,
    %(now)s::timestamptz,
    coalesce((%(dues)s::timestamptz[])[told.rule], told.requested_at + %(lost)s),
    -- of what is here and more than was asked for, nothing can be lost
    case
        when told.verdict in ('over', 'no_request') then 0
        else coalesce(
            case
                when told.entry_id is not null then (
                    select line.base_price
                    from core.order_line as line
                    where line.merchant_id = %(merchant_id)s and line.entry_id = told.entry_id
                )
            end,
            (
                select product.cost
                from core.product
                where product.merchant_id = %(merchant_id)s and product.sku = told.sku
            ),
            0
        )
    end,
    (%(owners)s::text[])[told.rule],
    'open'
from told
where told.rule is not null;
