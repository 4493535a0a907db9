select
    source,
    kind,
    connection_id
from core.warehouse_source
order by source;
