-- Labels and scan ids are a source's own, whoever the merchant is. The reason is what the dock was told, else the
-- application's.
select
    unit.source,
    unit.unit_label,
    unit.scan_id,
    unit.unit_id,
    unit.merchant_id,
    coalesce(nullif(unit.stated_reason, 'unknown'), return_case.stated_reason) as stated_reason
from ledger.unit
left join core.return_case on unit.case_id = return_case.case_id
where
    unit.source = any(%(sources)s)
    and (unit.unit_label = any(%(labels)s) or unit.scan_id = any(%(scans)s));
