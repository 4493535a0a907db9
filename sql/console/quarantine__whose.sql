-- Whose records these are.
select
    id,
    merchant_id
from ops.quarantine
where id = any(%(ids)s::bigint[])
order by id;
