select
    source,
    unit_label,
    unit_id,
    stated_reason
from ledger.unit
where merchant_id = %(merchant_id)s and unit_label = any(%(labels)s);
