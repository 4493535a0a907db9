-- The photos of a claim's piece, without the pictures themselves.
select
    photo_id,
    width,
    height,
    taken_at
from core.photo
where unit_id = %(unit_id)s
order by taken_at, photo_id
limit %(most)s;
