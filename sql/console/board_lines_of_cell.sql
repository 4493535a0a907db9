-- Order lines of some goods and places (%(scope)s, none of %(others)s) from orders of a span, the first first, from
-- behind the one shown last; each row with the sums of all of them. Back are the causes for which customers sent a line
-- back (for %(cause)s alone, where it is named), as inspected up to %(monday)s.
-- As sql/report/signal_sold.sql and signal_returned.sql count them.
with came_back as materialized (
    select
        found.merchant_id,
        found.entry_id,
        count(*)::integer as back,
        (array_agg(found.unit_id order by found.inspected_at, found.unit_id))[1] as unit_id
    from (
        select distinct on (unit.merchant_id, unit.entry_id, unit.cause)
            unit.merchant_id,
            unit.entry_id,
            unit.cause,
            unit.inspected_at,
            unit.unit_id,
            placed.created_at
        from ledger.unit
        inner join core.return_case on unit.case_id = return_case.case_id
        inner join core.customer_order as placed
            on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
        where
            unit.merchant_id = any(%(merchants)s)
            and unit.inspected_at >= %(begins)s
            and unit.inspected_at < %(monday)s
            and placed.created_at >= %(begins)s
            and placed.created_at < %(ends)s
            and unit.entry_id is not null
            and unit.cause <> 'unknown'
            and (unit.cause = %(cause)s or %(cause)s::text is null)
            and return_case.return_kind = 'customer_return'
        order by unit.merchant_id, unit.entry_id, unit.cause, unit.inspected_at, unit.unit_id
    ) as found
    -- later ones are not counted
    where core.week_of(found.inspected_at) - core.week_of(found.created_at) <= 7 * %(longest)s
    group by found.merchant_id, found.entry_id
),

listed as materialized (
    select
        line.merchant_id || '/' || line.entry_id as key,
        placed.created_at as at,
        placed.merchant_id,
        placed.code as order_code,
        coalesce(resale.sku, line.sku) as sku,
        coalesce(product.name, line.product_name) as product_name,
        placed.city,
        placed.carrier,
        line.quantity,
        came_back.unit_id,
        coalesce(came_back.back, 0) as back
    from core.customer_order as placed
    -- by the order, however many others the merchant has
    inner join lateral (
        select each_line.*
        from core.order_line as each_line
        where each_line.merchant_id = placed.merchant_id and each_line.order_id = placed.order_id
        order by each_line.order_id
        offset 0
    ) as line on true
    left join channel.resale_sku as resale
        on line.merchant_id = resale.merchant_id and line.sku = resale.offer_sku
    left join core.product
        on line.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, line.sku)
    left join came_back on line.merchant_id = came_back.merchant_id and line.entry_id = came_back.entry_id
    cross join
        lateral (
            values (
                jsonb_build_object(
                    'category', coalesce(product.category, 'unknown'),
                    'supplier', coalesce(product.supplier, 'unknown'),
                    'batch', coalesce(product.batch, 'unknown'),
                    'sku', coalesce(resale.sku, line.sku, 'unknown'),
                    'city', coalesce(placed.city, 'unknown'),
                    'carrier', coalesce(placed.carrier, 'unknown')
                )
            )
        ) as of_line (names)
    where
        placed.merchant_id = any(%(merchants)s)
        and placed.created_at >= %(begins)s
        and placed.created_at < %(ends)s
        and (
            placed.status not in ('CANCELLED', 'CANCELLING')
            or exists (
                select 1
                from core.return_case
                where
                    return_case.merchant_id = placed.merchant_id
                    and return_case.order_id = placed.order_id
                    and return_case.return_kind = 'customer_return'
            )
        )
        and of_line.names @> %(scope)s::jsonb
        and not exists (
            select 1
            from jsonb_array_elements(%(others)s::jsonb) as other (scope)
            where of_line.names @> other.scope
        )
),

total as (
    select
        count(*)::bigint as all_lines,
        coalesce(sum(quantity), 0)::bigint as all_pieces,
        coalesce(sum(back), 0)::bigint as all_back
    from listed
),

page as (
    select *
    from listed
    where
        (listed.at, listed.key) > (%(after)s::timestamptz, %(after_key)s::text)
        and ((listed.back > 0) = (%(part)s = 'yes') or %(part)s::text is null)
    order by listed.at, listed.key
    limit %(shown)s
)

select
    page.*,
    total.all_lines,
    total.all_pieces,
    total.all_back
from total
left join page on true
order by page.at, page.key;
