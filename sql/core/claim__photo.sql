select jpeg
from core.photo
where photo_id = %(photo_id)s and unit_id = %(unit_id)s;
