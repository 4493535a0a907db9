-- What a code can be in a warehouse: a unit's label or return order, an order's number or waybill, goods. A unit is
-- found whoever owns it; the rest among the merchants asked for.
select
    'unit' as what,
    unit.unit_id::text as id,
    unit.merchant_id,
    'unit_label' as field,
    unit.unit_label as code
from core.warehouse_source as source
inner join ledger.unit on source.source = unit.source and unit.unit_label = any(%(codes)s::text[])
where source.warehouse = %(warehouse)s
union all
select
    'unit',
    unit.unit_id::text,
    unit.merchant_id,
    'return_order_no',
    unit.return_order_no
from core.warehouse_source as source
inner join ledger.unit on source.source = unit.source
where source.warehouse = %(warehouse)s and unit.return_order_no = any(%(codes)s::text[])
union all
select
    'order',
    placed.order_id,
    placed.merchant_id,
    case when placed.code = any(%(codes)s::text[]) then 'order_code' else 'return_label' end,
    placed.code
from unnest(%(merchant_ids)s::text[]) as asked (merchant_id)
inner join core.customer_order as placed
    on asked.merchant_id = placed.merchant_id and placed.code = any(%(order_codes)s::text[])
union all
select
    'order',
    placed.order_id,
    placed.merchant_id,
    'waybill',
    placed.waybill
from unnest(%(merchant_ids)s::text[]) as asked (merchant_id)
inner join core.customer_order as placed
    on asked.merchant_id = placed.merchant_id and placed.waybill = any(%(codes)s::text[])
union all
select
    'goods',
    product.sku,
    product.merchant_id,
    'ean',
    (
        select min(ean)
        from unnest(product.eans) as ean
        where ean = any(%(codes)s::text[])
    )
from core.product
where product.eans && %(codes)s::text[] and product.merchant_id = any(%(merchant_ids)s::text[])
union all
select
    'goods',
    product.sku,
    product.merchant_id,
    'sku',
    asked_code.code
from unnest(%(merchant_ids)s::text[]) as asked (merchant_id)
cross join unnest(%(codes)s::text[]) as asked_code (code)
inner join core.product on asked.merchant_id = product.merchant_id and asked_code.code = product.sku;
