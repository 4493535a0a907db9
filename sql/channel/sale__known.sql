-- The sales already kept of the lines at hand, and every open reservation.
select
    entry_id,
    piece,
    order_id,
    offer_sku,
    unit_id,
    state,
    attribution,
    price,
    reserved_at,
    sold_at,
    freed_at
from channel.sale
where merchant_id = %(merchant_id)s and (state = 'reserved' or entry_id = any(%(entry_ids)s));
