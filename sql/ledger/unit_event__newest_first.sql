select event_id
from ledger.unit_event
where event_id = any(%(event_ids)s)
order by seq desc;
