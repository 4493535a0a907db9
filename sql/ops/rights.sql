-- What the application may do: read everything, write every table, and change nothing that has happened. Said anew
-- after every migration, so that it holds for the tables that came with it. Views are for reading: a write through one
-- would be its owner's.
do $$
declare
    relation record;
begin
    for relation in
        select
            format('%I.%I', namespace.nspname, class.relname) as name,
            class.relkind
        from pg_catalog.pg_class as class
        inner join pg_catalog.pg_namespace as namespace on class.relnamespace = namespace.oid
        where
            namespace.nspname in ('raw', 'core', 'ledger', 'channel', 'mart', 'ops')
            and class.relkind in ('r', 'p', 'v', 'm', 'S')
    loop
        if relation.relkind = 'S' then
            execute format('grant usage, select on sequence %s to qaitarym_app', relation.name);
        elsif relation.relkind in ('r', 'p') then
            execute format('grant select, insert, update, delete on %s to qaitarym_app', relation.name);
        else
            execute format('grant select on %s to qaitarym_app', relation.name);
        end if;
    end loop;
end
$$;

grant usage on schema raw, core, ledger, channel, mart, ops to qaitarym_app;

-- What happened to a unit, and what a person decided about a record, is only ever added to.
revoke update, delete, truncate on ledger.unit_event, ops.quarantine_action from qaitarym_app;
-- A trigger of the owner's writes down who changed a role.
revoke insert, update, delete, truncate on ops.staff_role_change from qaitarym_app;
-- The owner writes down what he migrated.
revoke insert, update, delete, truncate on ops.applied_migration from qaitarym_app;
