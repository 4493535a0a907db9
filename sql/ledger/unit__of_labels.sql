-- Scan ids are a source's own. Labels are one space a warehouse, whichever of its sources received the unit, and
-- whoever the merchant is; a source's own unit comes first. The reason is what the dock was told, else the
-- application's.
with found as (
    select
        asking.source as asked_by,
        unit.source,
        unit.unit_label,
        unit.scan_id,
        unit.unit_id,
        unit.merchant_id,
        unit.stated_reason,
        unit.case_id
    from core.warehouse_source as asking
    inner join core.warehouse_source as receiving on asking.warehouse = receiving.warehouse
    inner join ledger.unit on receiving.source = unit.source and unit.unit_label = any(%(labels)s)
    where asking.source = any(%(sources)s)
    union
    select
        unit.source as asked_by,
        unit.source,
        unit.unit_label,
        unit.scan_id,
        unit.unit_id,
        unit.merchant_id,
        unit.stated_reason,
        unit.case_id
    from ledger.unit
    where unit.source = any(%(sources)s) and unit.scan_id = any(%(scans)s)
)

select
    found.asked_by,
    found.source,
    found.unit_label,
    found.scan_id,
    found.unit_id,
    found.merchant_id,
    coalesce(nullif(found.stated_reason, 'unknown'), return_case.stated_reason) as stated_reason
from found
left join core.return_case on found.case_id = return_case.case_id
order by found.source = found.asked_by, found.unit_id;
