-- The KPIs of a part up to a week, as its newest weekly run until a moment had published them.
with newest as (
    select known.rows
    from ops.weekly_known as known
    where known.part = %(part)s and known.what = 'kpi' and known.known_at <= %(known_at)s
    order by known.known_at desc
    limit 1
)

select
    told ->> 'kpi' as kpi,
    (told ->> 'horizon_days')::integer as horizon_days,
    (told ->> 'version')::integer as version,
    (told ->> 'week_start')::date as week_start,
    (told ->> 'value')::float8 as value,
    (told ->> 'lo')::float8 as lo,
    (told ->> 'hi')::float8 as hi,
    (told ->> 'n')::integer as n,
    told ->> 'note' as note,
    (told ->> 'restated')::boolean as restated
from newest
cross join lateral jsonb_array_elements(newest.rows) as told
where (told ->> 'week_start')::date <= %(week_start)s and (told ->> 'version')::integer = %(version)s
order by 1, 2, 4;
