-- What a merchant's shelves had shown by a moment: of each product in each channel how many units were sold, and how
-- many days all of them were offered. Nothing that happened later is looked at.
with shelf as (
    select
        addition.channel,
        coalesce(sold_as.sku, unit.sku) as sku,
        addition.decided_at,
        least(%(as_of)s::timestamptz, addition.withdrawn_at, unit.resold_at) as until,
        unit.resold_at <= %(as_of)s
        and (addition.withdrawn_at is null or addition.withdrawn_at > unit.resold_at) as sold
    from channel.addition as addition
    inner join ledger.unit as unit on addition.unit_id = unit.unit_id
    left join channel.resale_sku as sold_as
        on unit.merchant_id = sold_as.merchant_id and unit.sku = sold_as.offer_sku
    where
        addition.merchant_id = %(merchant_id)s
        and addition.decided_at < %(as_of)s
        and unit.sku is not null
)

select
    shelf.channel,
    coalesce(product.category, 'unknown') as category,
    shelf.sku,
    count(*) filter (where shelf.sold) as sold,
    (sum(greatest(extract(epoch from shelf.until - shelf.decided_at), 0)) / 86400)::double precision as days
from shelf
left join core.product as product on shelf.sku = product.sku and product.merchant_id = %(merchant_id)s
group by shelf.channel, product.category, shelf.sku
order by shelf.channel, shelf.sku;
