-- Rows of applications that the gate put aside before and that are published now.
with resolved as (
    update ops.quarantine
    set status = 'resolved'
    where
        merchant_id = %(merchant_id)s
        and source = %(dag_id)s
        and status in ('open', 'replayed')
        and exists (
            select 1
            from raw.application
            where
                application.merchant_id = quarantine.merchant_id
                and application.application_number = regexp_replace(quarantine.record_key, '#[^#]*$', '')
                and application.application_number || '#' || left(encode(application.row_hash, 'hex'), 16)
                = quarantine.record_key
                and application.published_at is not null
        )
    returning id
)

insert into ops.quarantine_action (quarantine_id, action, actor, at)
select
    id,
    'resolved',
    %(dag_id)s || '/' || %(run_id)s,
    %(now)s
from resolved;
