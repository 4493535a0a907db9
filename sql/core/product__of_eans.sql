select
    sku,
    eans
from core.product
where merchant_id = %(merchant_id)s and eans && %(eans)s;
