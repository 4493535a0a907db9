-- What the application may do: read everything, write every table, and change nothing that has happened. Said after
-- every migration, so that it holds for the tables that came with it; what stands already is not said again.
do $$
declare
    given record;
begin
    for given in
        with ours as (
            select oid, nspname
            from pg_catalog.pg_namespace
            where nspname in ('raw', 'core', 'ledger', 'channel', 'mart', 'ops')
        ),

        wanted as (
            select
                format('table %I.%I', ours.nspname, class.relname) as what,
                case
                    -- a write through a view would be its owner's; and he writes down what he migrated
                    when class.relkind in ('v', 'm') or class.oid = 'ops.applied_migration'::regclass then '{select}'
                    -- what happened to a unit, what it cost, what a person decided
                    when
                        class.oid in ('ops.quarantine_action'::regclass, 'ops.sending_action'::regclass)
                        or exists (
                            select 1
                            from pg_catalog.pg_trigger
                            where pg_trigger.tgrelid = class.oid and pg_trigger.tgname = 'append_only'
                        )
                        then '{select,insert}'
                    else '{select,insert,update,delete}'
                end::text[] as rights,
                array(
                    select known.right_name
                    from unnest('{select,insert,update,delete,truncate,references,trigger}'::text[])
                        with ordinality as known (right_name, place)
                    where has_table_privilege('qaitarym_app', class.oid, known.right_name)
                    order by known.place
                ) as has
            from pg_catalog.pg_class as class
            inner join ours on class.relnamespace = ours.oid
            where class.relkind in ('r', 'p', 'v', 'm')
            union all
            select
                format('sequence %I.%I', ours.nspname, class.relname),
                '{usage}',
                case when has_sequence_privilege('qaitarym_app', class.oid, 'usage') then '{usage}'::text[] end
            from pg_catalog.pg_class as class
            inner join ours on class.relnamespace = ours.oid
            where class.relkind = 'S'
            union all
            select
                format('schema %I', ours.nspname),
                '{usage}',
                case when has_schema_privilege('qaitarym_app', ours.oid, 'usage') then '{usage}'::text[] end
            from ours
        )

        select
            wanted.what,
            array_to_string(wanted.rights, ', ') as rights
        from wanted
        where wanted.rights is distinct from wanted.has
    loop
        execute format('revoke all on %s from qaitarym_app', given.what);
        execute format('grant %s on %s to qaitarym_app', given.rights, given.what);
    end loop;
end
$$;
