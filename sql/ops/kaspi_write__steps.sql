select
    seq,
    step,
    at,
    actor,
    status_seen,
    http_status,
    answer
from ops.kaspi_write_step
where write_id = %(write_id)s
order by seq;
