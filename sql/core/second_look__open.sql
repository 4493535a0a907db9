select
    unit_id,
    inspection_id,
    first_actor,
    worked_by
from core.second_look_open
where unit_id = any(%(unit_ids)s::uuid[]);
