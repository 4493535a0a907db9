-- core.warehouse_event: the compared events of labels whose unit is known.
update core.warehouse_event
set unit_id = counterpart.unit_id
from core.counterpart
where
    warehouse_event.outcome = 'compared'
    and warehouse_event.unit_id is null
    and warehouse_event.merchant_id = %(merchant_id)s
    and warehouse_event.recorded_at > %(since)s
    and warehouse_event.source = counterpart.source
    and warehouse_event.payload ->> 'unit_label' = counterpart.unit_label;
