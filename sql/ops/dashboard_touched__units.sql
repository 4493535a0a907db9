-- Costs of these events were added behind their units' events: the next look counts the units anew.
insert into ops.dashboard_touched (merchant_id, kind, key)
select distinct
    merchant_id,
    'unit',
    unit_id::text
from ledger.unit_event
where event_id = any(%(event_ids)s);
