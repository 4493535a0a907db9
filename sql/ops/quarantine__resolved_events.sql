-- Warehouse events that were put aside by the gate (source/event id) or at their arrival (event id) and are published,
-- and what the ledger refused and has booked since. Run after the booking.
with resolved as (
    update ops.quarantine
    set status = 'resolved'
    where
        merchant_id = %(merchant_id)s
        and status in ('open', 'replayed')
        and case
            when source = 'warehouse_receipts_reconcile' or source like 'wms/%%'
                then exists (
                    select 1
                    from core.warehouse_event
                    where
                        warehouse_event.merchant_id = quarantine.merchant_id
                        and warehouse_event.source || '/' || warehouse_event.event_id
                        = case
                            when quarantine.source like 'wms/%%' then substr(quarantine.source, 5) || '/' else ''
                        end || quarantine.record_key
                )
            when source like 'ledger/wms/%%'
                then exists (
                    select 1 from ledger.unit_event
                    where unit_event.event_id = quarantine.record_key::uuid
                )
            when source like 'ledger/%%'
                then exists (
                    select 1
                    from core.warehouse_event
                    where
                        warehouse_event.source = substr(quarantine.source, 8)
                        and warehouse_event.event_id = quarantine.record_key
                        and warehouse_event.booked_at is not null
                        and warehouse_event.outcome <> 'rejected'
                )
        end
    returning id
)

insert into ops.quarantine_action (quarantine_id, action, actor, at)
select
    resolved.id,
    'resolved',
    %(dag_id)s || '/' || %(run_id)s,
    run.now_at
from resolved
inner join ops.run on run.dag_id = %(dag_id)s and run.run_id = %(run_id)s;
