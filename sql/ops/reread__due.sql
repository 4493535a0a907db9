select
    order_id,
    code
from ops.reread
where merchant_id = %(merchant_id)s
order by asked_at asc, order_id asc;
