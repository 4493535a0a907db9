-- Pieces of suppliers sold in the mature weeks between two days, and the supplier's defects found among them since, of
-- these merchants. A piece counts in the week of its order; a week counts where all of it lies between the days.
with week as (
    select
        merchant_id,
        cohort_week,
        sku,
        supplier,
        sum(sold)::integer as sold
    from mart.cohort_weekly
    where
        merchant_id = any(%(merchants)s)
        and horizon_days = 30
        and mature
        and cohort_week >= %(first_day)s
        and cohort_week + 6 <= %(last_day)s
        and (%(supplier)s::text is null or supplier = %(supplier)s)
        and (%(category)s::text is null or category = %(category)s)
    group by merchant_id, cohort_week, sku, supplier
),

-- as sold: a resale SKU is under the agreement of its product
sold as (
    select
        week.merchant_id,
        week.supplier,
        sum(week.sold)::integer as sold,
        coalesce(sum(week.sold) filter (where product.agreed_defect_rate is not null), 0)::integer as under_agreement,
        sum(week.sold * product.agreed_defect_rate) as expected
    from week
    left join channel.resale_sku as resale on week.merchant_id = resale.merchant_id and week.sku = resale.offer_sku
    left join core.product as product
        on week.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, week.sku)
    group by week.merchant_id, week.supplier
),

suspect as materialized ( -- whose defect it is is told of these alone
    select
        piece.merchant_id,
        piece.supplier,
        piece.agreed_rate,
        piece.fault
    from mart.supplier_piece as piece
    where
        piece.merchant_id = any(%(merchants)s)
        and piece.inspected_at >= %(first_day)s::timestamp at time zone 'Asia/Almaty' -- not before it was ordered
        and piece.finding in ('defective', 'incomplete')
        and piece.return_kind = 'customer_return'
        and piece.unit_id <> all(%(hidden)s::uuid[])
        and (%(supplier)s::text is null or piece.supplier = %(supplier)s)
        and (%(category)s::text is null or piece.category = %(category)s)
        and (piece.merchant_id, piece.supplier, piece.cohort_week) in (
            select
                week.merchant_id,
                week.supplier,
                week.cohort_week
            from week
        )
),

found as (
    select
        merchant_id,
        supplier,
        count(*)::integer as found,
        count(agreed_rate)::integer as under_agreement
    from suspect
    where fault is not null
    group by merchant_id, supplier
)

select
    sold.merchant_id,
    sold.supplier,
    coalesce(found.found, 0) as found,
    coalesce(found.under_agreement, 0) as found_under_agreement,
    -- what was found was sold, whatever the week's count knew
    greatest(sold.sold, found.found) as sold,
    greatest(sold.under_agreement, found.under_agreement) as under_agreement,
    sold.expected / nullif(sold.under_agreement, 0) as agreed
from sold
left join found on sold.merchant_id = found.merchant_id and sold.supplier = found.supplier
order by sold.merchant_id, sold.supplier;
