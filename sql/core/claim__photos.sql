-- The photos of a claim's piece, for its packet.
select
    jpeg,
    taken_at,
    actor
from core.photo
where unit_id = %(unit_id)s
order by taken_at, photo_id
limit %(most)s;
