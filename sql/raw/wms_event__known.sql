-- Which of these events of a source are here.
select event_id
from raw.wms_event
where source = %(source)s and event_id = any(%(event_ids)s::text[]);
