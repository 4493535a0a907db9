-- What persons ruled about a unit, the last first.
select
    route,
    reason,
    actor,
    ruled_at
from channel.route_ruling
where unit_id = %(unit_id)s
order by ruling_no desc;
