select
    name,
    actor,
    taken_at
from raw.application_file
where merchant_id = %(merchant_id)s and sha256 = %(sha256)s;
