-- Units that have not yet made the way that Kaspi reports of their application. Locked: one that the dock receives
-- meanwhile drops out, its steps are history then.
select
    unit.unit_id,
    unit.state,
    application.in_transit_at,
    application.arrived_at
from core.application
inner join core.case_piece(%(merchant_id)s, %(order_ids)s) as piece on application.case_id = piece.case_id
inner join ledger.unit on piece.unit_id = unit.unit_id
where
    application.merchant_id = %(merchant_id)s
    and application.order_id = any(%(order_ids)s)
    and (
        (unit.state = 'requested' and application.in_transit_at is not null)
        or (unit.state in ('requested', 'in_transit') and application.arrived_at is not null)
    )
order by unit.unit_id
for update of unit;
