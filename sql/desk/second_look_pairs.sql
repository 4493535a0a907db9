select *
from core.second_look_pair
where unit_id = %(unit_id)s
order by second_at;
