-- Rows of applications that were "replayed" as if they were orders: they never came back. They are open again.
delete from ops.reread
using raw.application
where
    reread.merchant_id = application.merchant_id
    and reread.order_id = application.application_number || '#' || left(encode(application.row_hash, 'hex'), 16);

with never_came as (
    update ops.quarantine
    set status = 'open'
    from raw.application
    where
        quarantine.merchant_id = application.merchant_id
        and quarantine.source = 'kaspi_returns_ingest'
        and quarantine.status = 'replayed'
        and quarantine.record_key
        = application.application_number || '#' || left(encode(application.row_hash, 'hex'), 16)
        and application.quarantined
    returning quarantine.id
)

insert into ops.quarantine_action (quarantine_id, action, actor, at)
select
    id,
    'reopened',
    'pipeline',
    now()
from never_came;
