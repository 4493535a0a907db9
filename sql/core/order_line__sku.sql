select sku
from core.order_line
where merchant_id = %(merchant_id)s and entry_id = %(entry_id)s;
