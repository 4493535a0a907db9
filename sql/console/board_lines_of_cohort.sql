-- Order lines whose pieces a return rate stands on, of orders of a span, the first first, from behind the one shown
-- last; each row with the sums of all of them. Counted are orders ever seen COMPLETED or with a customers' return; of
-- an estimate (%(young)s) all that are not cancelled. Back are the pieces certainly sent back within %(horizon)s days,
-- as sql/mart/stage_cohort_return.sql counts them.
with placed as materialized (
    select
        orders.merchant_id,
        orders.order_id,
        orders.code,
        orders.created_at,
        orders.city,
        orders.carrier,
        coalesce(orders.planned_delivery_at, orders.handed_over_at, orders.created_at) as planned_at
    from core.customer_order as orders
    where
        orders.merchant_id = any(%(merchants)s)
        and orders.created_at >= %(begins)s
        and orders.created_at < %(ends)s
        and (
            case
                when %(young)s then orders.status not in ('CANCELLED', 'CANCELLING')
                else
                    orders.status = 'COMPLETED'
                    or exists (
                        select 1
                        from core.order_observation as seen
                        where
                            seen.merchant_id = orders.merchant_id
                            and seen.order_id = orders.order_id
                            and seen.status = 'COMPLETED'
                    )
            end
            or exists (
                select 1
                from core.return_case
                where
                    return_case.merchant_id = orders.merchant_id
                    and return_case.order_id = orders.order_id
                    and return_case.return_kind = 'customer_return'
            )
        )
),

cases as materialized (
    select
        known.case_id,
        known.merchant_id,
        known.order_id,
        known.quantity,
        known.units_hi,
        known.return_kind = 'customer_return'
        and least(
            known.requested_to,
            (
                select min(unit.received_at)
                from ledger.unit
                where unit.case_id = known.case_id
            )
        )
        <= case
            when completed.seen_to - completed.seen_from <= interval '2 days' then completed.seen_to
            else placed.planned_at
        end
        + make_interval(days => %(horizon)s) as surely
    from placed
    inner join core.return_case as known
        on placed.merchant_id = known.merchant_id and placed.order_id = known.order_id
    left join lateral (
        select
            seen.seen_from,
            seen.seen_to
        from core.order_observation as seen
        where
            seen.merchant_id = placed.merchant_id
            and seen.order_id = placed.order_id
            and seen.status = 'COMPLETED'
        order by seen.episode
        limit 1
    ) as completed on true
    where known.return_kind in ('customer_return', 'unknown')
),

pieces as materialized (
    select
        unit.unit_id,
        unit.case_id,
        unit.entry_id,
        cases.merchant_id,
        cases.order_id
    from cases
    inner join ledger.unit on cases.case_id = unit.case_id
    where unit.state <> 'cancelled' and unit.entry_id is not null
),

-- what of each line of an order with an unquantified case no piece stands for yet
free_line as (
    select
        line.merchant_id,
        line.order_id,
        line.entry_id,
        line.entry_number,
        line.quantity - count(pieces.entry_id) as free
    from (
        select distinct
            merchant_id,
            order_id
        from cases
        where quantity is null
    ) as unsure
    inner join core.order_line as line
        on unsure.merchant_id = line.merchant_id and unsure.order_id = line.order_id
    left join pieces
        on line.merchant_id = pieces.merchant_id and line.order_id = pieces.order_id and line.entry_id = pieces.entry_id
    group by line.merchant_id, line.order_id, line.entry_id, line.entry_number, line.quantity
),

-- unquantified cases and how many more pieces than the known ones they may be; those here without a line are of them
remainder as (
    select
        cases.case_id,
        cases.merchant_id,
        cases.order_id,
        cases.surely,
        cases.units_hi - count(pieces.case_id) as pieces_left,
        count(pieces.case_id) = 0 as nothing_known,
        (
            select count(*)
            from ledger.unit as loose
            where loose.case_id = cases.case_id and loose.entry_id is null
        ) as unplaced
    from cases
    left join pieces on cases.case_id = pieces.case_id
    where cases.quantity is null
    group by cases.case_id, cases.merchant_id, cases.order_id, cases.surely, cases.units_hi
),

-- spread over the order's lines, the emptiest first, never beyond what a line sold
spread as (
    select
        remainder.surely,
        remainder.nothing_known,
        remainder.pieces_left,
        remainder.unplaced,
        free_line.merchant_id,
        free_line.entry_id,
        free_line.free,
        sum(free_line.free) over emptiest - free_line.free as free_before
    from remainder
    inner join free_line
        on remainder.merchant_id = free_line.merchant_id and remainder.order_id = free_line.order_id
    where free_line.free > 0 and remainder.pieces_left > 0
    window emptiest as (
        partition by remainder.case_id
        order by free_line.free desc, free_line.entry_number asc
    )
),

came_back as (
    select
        counted.merchant_id,
        counted.entry_id,
        sum(counted.certain)::integer as back,
        (array_agg(counted.unit_id order by counted.unit_id))[1] as unit_id
    from (
        select
            pieces.merchant_id,
            pieces.entry_id,
            pieces.unit_id,
            1 as certain
        from pieces
        inner join cases on pieces.case_id = cases.case_id
        where cases.surely
        union all
        select
            merchant_id,
            entry_id,
            null as unit_id,
            greatest(0, least(free, greatest(unplaced, nothing_known::integer) - free_before))::integer as certain
        from spread
        where surely and pieces_left > free_before
    ) as counted
    group by counted.merchant_id, counted.entry_id
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
    from placed
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
    where
        (coalesce(product.category, 'unknown') = %(category)s or %(category)s::text is null)
        and (coalesce(product.supplier, 'unknown') = %(supplier)s or %(supplier)s::text is null)
        and (line.sku = %(sku)s or %(sku)s::text is null)
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
