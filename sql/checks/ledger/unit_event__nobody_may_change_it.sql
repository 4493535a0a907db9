-- The login that works here cannot change what happened: it has no right to, and is not of the owner's kind.
select
    '*' as merchant_id,
    current_user as record_key,
    'the login ' || current_user || ' may change or delete events of ledger.unit_event; give the application one of '
    || 'the role qaitarym_app (docs/runbook.md, Two logins)' as detail
from pg_catalog.pg_class as class
where
    class.oid = 'ledger.unit_event'::regclass
    and (
        has_table_privilege(class.oid, 'update, delete, truncate')
        or pg_has_role(class.relowner, 'member')
    )
