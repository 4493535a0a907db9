-- The photos of these pieces, without the pictures themselves: at most so many of each.
select
    photo_id,
    unit_id,
    taken_at,
    actor,
    encode(sha256, 'hex') as sha256
from (
    select
        photo.*,
        row_number() over (partition by photo.unit_id order by photo.taken_at, photo.photo_id) as place
    from core.photo
    where photo.unit_id = any(%(unit_ids)s::uuid[])
) as taken
where place <= %(most)s
order by unit_id, place;
