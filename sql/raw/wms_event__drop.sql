-- A quarantined event stays in raw, marked, so that it can be replayed.
update raw.wms_event
set quarantined = true
from stage_drop
where
    wms_event.merchant_id = stage_drop.merchant_id
    and wms_event.source || '/' || wms_event.event_id = stage_drop.record_key;
