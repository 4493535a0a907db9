select
    photo_id,
    event_id,
    width,
    height,
    taken_at,
    actor
from core.photo
where unit_id = %(unit_id)s
order by taken_at, photo_id;
