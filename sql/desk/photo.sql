select
    photo.jpeg,
    photo.merchant_id,
    photo.unit_id
from core.photo
where photo.photo_id = %(photo_id)s;
