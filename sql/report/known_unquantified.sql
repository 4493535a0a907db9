-- Cases whose number of pieces nobody says, as they were known when the week was published.
select
    coalesce(sum(told.cases), 0)::integer as cases,
    coalesce(sum(told.units_lo), 0)::integer as units_lo,
    coalesce(sum(told.units_hi), 0)::integer as units_hi
from (
    select distinct on (known.part) known.rows
    from ops.weekly_known as known
    where known.part = any(%(merchants)s::text[]) and known.what = 'unquantified' and known.known_at <= %(known_at)s
    order by known.part asc, known.known_at desc
) as newest
cross join lateral jsonb_to_recordset(newest.rows) as told (cases integer, units_lo integer, units_hi integer);
