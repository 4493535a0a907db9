-- Pictures by their ids.
select
    photo_id,
    jpeg,
    encode(sha256(jpeg), 'hex') as sha256
from core.photo
where photo_id = any(%(photo_ids)s::uuid[]);
