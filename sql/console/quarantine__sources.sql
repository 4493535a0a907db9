-- What the quarantine holds, by source and status.
select
    source,
    status,
    count(*)::integer as records
from ops.quarantine
where merchant_id = %(merchant_id)s or %(merchant_id)s::text is null
group by source, status
order by source asc, status asc;
