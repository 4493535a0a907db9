-- The newest attempt at an action on an order, and where it stands.
select
    write_id,
    attempt,
    state,
    ended,
    steps
from ops.kaspi_write_now
where merchant_id = %(merchant_id)s and order_id = %(order_id)s and action = %(action)s
order by attempt desc
limit 1;
