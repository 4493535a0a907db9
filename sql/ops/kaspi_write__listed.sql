-- The writes of these merchants, the newest first.
select
    write_now.*,
    merchant.name
from ops.kaspi_write_now as write_now
inner join core.merchant on write_now.merchant_id = merchant.merchant_id
where write_now.merchant_id = any(%(merchants)s)
order by write_now.asked_at desc, write_now.write_id asc
limit %(shown)s;
