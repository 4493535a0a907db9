-- The merchants and sources of some entries: a replay is of one merchant and source.
select
    merchant_id,
    source,
    array_agg(id order by id) as ids
from ops.quarantine
where id = any(%(ids)s::bigint[])
group by merchant_id, source
order by merchant_id, source;
