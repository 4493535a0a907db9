-- Units received in the period by how long each measure took.
select
    measure,
    outcome,
    bucket,
    sum(units)::bigint as units
from mart.speed_weekly
where
    merchant_id = any(%(merchants)s)
    and (category = %(category)s or (category is null and %(category)s::text is null))
    and (supplier = %(supplier)s or (supplier is null and %(supplier)s::text is null))
    and week_start between %(first)s and %(last)s
group by measure, outcome, bucket
order by measure, outcome, bucket;
