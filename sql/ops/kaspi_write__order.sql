-- An order as a write to it needs it: its id, what it showed last, and whether goods of it came back.
select
    placed.order_id,
    placed.code,
    placed.status,
    exists(
        select 1
        from ledger.unit
        where
            unit.merchant_id = placed.merchant_id
            and unit.order_id = placed.order_id
            and unit.received_at is not null
    ) as arrived
from core.customer_order as placed
where placed.merchant_id = %(merchant_id)s and placed.code = %(code)s;
