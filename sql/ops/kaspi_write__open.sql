-- Writes that were begun and have no end.
select
    merchant_id,
    write_id
from ops.kaspi_write_now
where not ended and sent_at is not null
order by merchant_id, asked_at, write_id;
