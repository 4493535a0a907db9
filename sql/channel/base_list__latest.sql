select
    base_version,
    fetched_at,
    last_checked_at,
    sha256,
    body
from channel.base_list
where merchant_id = %(merchant_id)s
order by base_version desc
limit 1;
