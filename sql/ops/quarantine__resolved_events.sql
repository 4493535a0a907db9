-- Warehouse events that were put aside by the gate (source/event id) or at their arrival (event id) and are published,
-- and what the ledger refused and has booked since. Run after the booking. An event that came broken may have said
-- whose it is wrongly, or not at all; then it lies elsewhere.
with resolved as (
    update ops.quarantine
    set status = 'resolved'
    where
        (merchant_id = %(merchant_id)s or source like 'wms/%%')
        and status in ('open', 'replayed')
        and case
            when source like 'wms/%%'
                then exists (
                    select 1
                    from core.warehouse_event
                    where
                        warehouse_event.merchant_id = %(merchant_id)s
                        and warehouse_event.source = substr(quarantine.source, 5)
                        and warehouse_event.event_id = quarantine.record_key
                )
            when source = 'warehouse_receipts_reconcile'
                then exists (
                    select 1
                    from core.warehouse_event
                    where
                        warehouse_event.merchant_id = quarantine.merchant_id
                        and warehouse_event.source || '/' || warehouse_event.event_id = quarantine.record_key
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
    returning id, merchant_id, source, record_key
),

forgotten as (
    delete from core.contact
    using resolved
    where
        resolved.source like 'wms/%%'
        and contact.merchant_id = resolved.merchant_id
        and contact.order_id = resolved.source || ' ' || resolved.record_key
)

insert into ops.quarantine_action (quarantine_id, action, actor, at)
select
    resolved.id,
    'resolved',
    %(dag_id)s || '/' || %(run_id)s,
    run.now_at
from resolved
inner join ops.run on run.dag_id = %(dag_id)s and run.run_id = %(run_id)s;
