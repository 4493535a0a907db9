-- Seconds read as milliseconds, or the reverse, show here.
select
    merchant_id,
    order_id as record_key,
    'handed over ' || handed_over_at || ' before it was created ' || created_at as detail
from raw.batch_order
where handed_over_at < created_at
