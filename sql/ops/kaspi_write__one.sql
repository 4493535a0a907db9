select *
from ops.kaspi_write_now
where write_id = %(write_id)s;
