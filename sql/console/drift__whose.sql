-- Whose payloads these differences were found in.
select
    id,
    merchant_id
from ops.schema_drift
where id = any(%(ids)s::bigint[])
order by id;
