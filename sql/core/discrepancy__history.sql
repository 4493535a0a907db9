select
    status,
    resolution,
    note,
    actor,
    recorded_at
from core.discrepancy_event
where discrepancy_id = %(discrepancy_id)s
order by seq;
