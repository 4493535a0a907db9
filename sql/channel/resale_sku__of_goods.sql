select
    sku,
    offer_sku
from channel.resale_sku
where merchant_id = %(merchant_id)s and sku = any(%(skus)s::text[]);
