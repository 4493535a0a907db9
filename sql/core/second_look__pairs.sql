select *
from core.second_look_pair
where merchant_id = any(%(merchant_ids)s::text[])
order by second_at, inspection_id;
