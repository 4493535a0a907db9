-- The planner's statistics of every table of ours, a transaction each: whoever loads meanwhile waits for one table at
-- most. Outside of any transaction only.
do $$
declare
    relation regclass;
begin
    for relation in
        select class.oid::regclass
        from pg_catalog.pg_class as class
        inner join pg_catalog.pg_namespace as namespace on class.relnamespace = namespace.oid
        where
            namespace.nspname in ('raw', 'core', 'ledger', 'channel', 'mart', 'ops')
            and class.relkind in ('r', 'p')
        order by class.oid
    loop
        perform ops.analyze_table(relation);
        commit;
    end loop;
end
$$;
