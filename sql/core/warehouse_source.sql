-- core.warehouse_source: a source says of its warehouse's system of record what the warehouse says.
insert into core.warehouse_source (source, kind, connection_id, warehouse, system_of_record)
select
    %(source)s,
    %(kind)s,
    %(connection_id)s,
    warehouse,
    system_of_record
from core.warehouse
where warehouse = %(warehouse)s
on conflict (source) do update
    set
        kind = excluded.kind,
        connection_id = excluded.connection_id,
        warehouse = excluded.warehouse,
        system_of_record = excluded.system_of_record;
