select *
from mart.unit
where unit_id = %(unit_id)s;
