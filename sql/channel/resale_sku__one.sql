select state
from channel.resale_sku
where merchant_id = %(merchant_id)s and offer_sku = %(offer_sku)s;
