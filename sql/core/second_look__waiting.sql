select
    unit_id,
    first_actor,
    worked_by
from core.second_look_open
where merchant_id = any(%(merchant_ids)s::text[]);
