-- channel.addition: a buyer who ordered the unit has seen the offer at its price.
update channel.addition
set observed_at = sale.reserved_at
from channel.sale as sale
where
    addition.merchant_id = %(merchant_id)s
    and addition.unit_id = sale.unit_id
    and sale.state <> 'freed'
    and addition.withdrawn_at is null
    and addition.observed_at is null
    and addition.fetched_at <= sale.reserved_at;
