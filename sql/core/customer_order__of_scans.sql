-- The orders that the scans can mean.
select
    order_id,
    code,
    waybill,
    status,
    cancellation_reason,
    created_at,
    handed_over_at
from core.customer_order
where
    merchant_id = %(merchant_id)s
    and (code = any(%(codes)s) or waybill = any(%(waybills)s));
