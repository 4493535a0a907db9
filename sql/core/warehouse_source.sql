insert into core.warehouse_source (source, kind, connection_id, system_of_record)
values (%(source)s, %(kind)s, %(connection_id)s, %(system_of_record)s)
on conflict (source) do update
    set
        kind = excluded.kind,
        connection_id = excluded.connection_id,
        system_of_record = excluded.system_of_record;
