select
    source,
    kind,
    connection_id,
    warehouse,
    system_of_record
from core.warehouse_source
where source = %(source)s;
