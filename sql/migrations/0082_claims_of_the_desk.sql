-- The desk tells two things apart that were one before: what the dock sees of the box (dock_note), and whether the
-- carrier's act notes it (act_note). Without a word about the act a note is the act's, as in version 1 of the contract.
create or replace view core.claim_facts as
select
    unit.unit_id,
    unit.merchant_id,
    unit.unit_label,
    unit.return_order_no,
    unit.state,
    unit.sku,
    unit.order_id,
    unit.received_at,
    unit.received_at is not null and unit.state <> 'unexpected' as is_here,
    receipt.recorded_at as known_at,
    case
        when receipt.payload ->> 'act_damage_noted' = 'false' then null
        else coalesce(receipt.payload ->> 'act_note', receipt.payload ->> 'packaging_note')
    end as act_note,
    (receipt.payload ->> 'same_city')::boolean as same_city,
    receipt.payload ->> 'return_label' as return_label,
    coalesce(receipt.payload ->> 'waybill', placed.waybill) as waybill,
    receipt.actor as received_by,
    looked.occurred_at as inspected_at,
    looked.recorded_at as inspection_known_at,
    looked.actor as inspected_by,
    looked.payload as inspection,
    coalesce(unit.stated_reason, return_case.stated_reason, 'unknown') as stated_reason,
    coalesce(return_case.return_kind, 'unknown') as return_kind,
    placed.code as order_code,
    placed.delivery_mode,
    placed.city,
    placed.carrier,
    line.base_price as price,
    coalesce(product.name, line.product_name) as product_name,
    taken.photos,
    receipt.payload ->> 'packaging_note' as dock_note,
    coalesce(product.category, line.category, 'unknown') as category
from ledger.unit as unit
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product as product
    on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join core.return_case as return_case on unit.case_id = return_case.case_id
left join lateral (
    select
        event.payload,
        event.actor,
        event.recorded_at
    from core.warehouse_event as event
    where event.unit_id = unit.unit_id and event.type = 'received' and event.outcome = 'booked'
    order by event.occurred_at desc
    limit 1
) as receipt on true
left join lateral (
    select
        event.payload,
        event.actor,
        event.occurred_at,
        event.recorded_at
    from ledger.unit_event as event
    where
        event.unit_id = unit.unit_id
        and event.type = 'inspected'
        and not exists (
            select 1
            from ledger.unit_event as correction
            where
                correction.unit_id = event.unit_id
                and correction.type = 'voided'
                and correction.payload ->> 'event_id' = event.event_id::text
        )
    order by event.seq desc
    limit 1
) as looked on true
left join lateral (
    select count(*)::integer as photos
    from core.photo
    where photo.unit_id = unit.unit_id
) as taken on true;
