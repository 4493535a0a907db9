-- Labels and scan ids are a source's own, whoever the merchant is.
select
    source,
    unit_label,
    scan_id,
    unit_id,
    merchant_id,
    stated_reason
from ledger.unit
where
    source = any(%(sources)s)
    and (unit_label = any(%(labels)s) or scan_id = any(%(scans)s));
