select
    head.version,
    head.file_name,
    head.actor,
    head.loaded_at,
    count(*)::integer as prices,
    min(rate.valid_from) as valid_from
from core.rate_version as head
left join core.rate_card as rate on head.version = rate.version
group by head.version
order by head.version;
