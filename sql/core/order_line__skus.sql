select
    entry_id,
    sku
from core.order_line
where merchant_id = %(merchant_id)s and order_id = any(%(order_ids)s) and sku is not null;
