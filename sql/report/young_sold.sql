-- Pieces of each cohort that count for its return rate, or will when they are delivered, by age in weeks up to
-- %(monday)s. merchant_id NULL is the whole house.
select
    coalesce(product.category, 'unknown') as category,
    (
        (%(monday)s::date - date_trunc('week', placed.created_at at time zone 'Asia/Almaty')::date) / 7
    )::integer as age,
    sum(line.quantity)::integer as sold
from core.customer_order as placed
inner join core.order_line as line
    on placed.merchant_id = line.merchant_id and placed.order_id = line.order_id
left join channel.resale_sku as resale
    on line.merchant_id = resale.merchant_id and line.sku = resale.offer_sku
left join core.product as product
    on line.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, line.sku)
where
    (placed.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    and placed.merchant_id in (
        select merchant.merchant_id from core.merchant as merchant
        where merchant.active
    )
    and placed.created_at >= (%(monday)s::date - 7 * %(weeks)s)::timestamp at time zone 'Asia/Almaty'
    and placed.created_at < %(monday)s::timestamp at time zone 'Asia/Almaty'
    and (
        placed.status not in ('CANCELLED', 'CANCELLING')
        or exists (
            select 1
            from core.return_case as return_case
            where
                return_case.merchant_id = placed.merchant_id
                and return_case.order_id = placed.order_id
                and return_case.return_kind = 'customer_return'
        )
    )
group by 1, 2;
