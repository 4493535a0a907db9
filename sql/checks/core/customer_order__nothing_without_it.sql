-- No foreign key says so while they are written: a line or a status without its order, an order without its merchant.
select
    line.merchant_id,
    line.order_id as record_key,
    'a line of an order that is not there' as detail
from core.order_line as line
where
    not exists (
        select 1
        from core.customer_order as placed
        where placed.merchant_id = line.merchant_id and placed.order_id = line.order_id
    )
union
select
    seen.merchant_id,
    seen.order_id as record_key,
    'a status of an order that is not there' as detail
from core.order_observation as seen
where
    not exists (
        select 1
        from core.customer_order as placed
        where placed.merchant_id = seen.merchant_id and placed.order_id = seen.order_id
    )
union
select
    placed.merchant_id,
    placed.order_id as record_key,
    'an order of a merchant that is not there' as detail
from core.customer_order as placed
where not exists (
    select 1
    from core.merchant
    where merchant.merchant_id = placed.merchant_id
)
