-- The units whose claim may differ from what it was: an open claim, or a receipt, an inspection or a correction that
-- was recorded since the last look, of a piece that has or may have a claim; and the incomplete pieces that are here:
-- an application can tell later that no buyer had the parcel.
select claim.unit_id
from core.claim
where claim.merchant_id = %(merchant_id)s and claim.status in ('draft', 'ready')
union
select unit.unit_id
from ledger.unit
where unit.merchant_id = %(merchant_id)s and unit.finding = 'incomplete' and unit.closed_at is null
union
select unit.unit_id
from ledger.unit_event as event
inner join ledger.unit on event.unit_id = unit.unit_id
where
    event.merchant_id = %(merchant_id)s
    and event.recorded_at >= %(since)s
    and event.type in ('received', 'adopted', 'placed', 'inspected', 'wrong_item', 'voided')
    and (
        unit.finding in ('damaged_in_transit', 'incomplete')
        or exists (
            select 1
            from core.claim
            where claim.unit_id = unit.unit_id
        )
        or exists (
            select 1
            from core.warehouse_event as receipt
            where
                receipt.unit_id = unit.unit_id
                and receipt.type = 'received'
                and (receipt.payload ->> 'packaging_note' <> '' or receipt.payload ->> 'act_note' <> '')
        )
    );
