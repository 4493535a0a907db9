delete from raw.refused_order
using ops.quarantine
where
    quarantine.merchant_id = %(merchant_id)s
    and quarantine.source = %(source)s
    and quarantine.status = 'open'
    and refused_order.merchant_id = quarantine.merchant_id
    and refused_order.order_id = quarantine.record_key;

update raw.wms_event
set quarantined = false
from ops.quarantine
where
    quarantine.merchant_id = %(merchant_id)s
    and quarantine.source = %(source)s
    and quarantine.status = 'open'
    and wms_event.quarantined
    and wms_event.merchant_id = quarantine.merchant_id
    and wms_event.source || '/' || wms_event.event_id = quarantine.record_key;

update ops.quarantine
set status = 'replayed'
where merchant_id = %(merchant_id)s and source = %(source)s and status = 'open';
