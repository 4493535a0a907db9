-- Units that reached each step, by week, and their money; NULL goods are all of them.
select
    week_start,
    step,
    sum(units)::bigint as units,
    sum(value)::bigint as value,
    sum(proceeds)::bigint as proceeds
from mart.flow_weekly
where
    merchant_id = any(%(merchants)s)
    and (category = %(category)s or (category is null and %(category)s::text is null))
    and (supplier = %(supplier)s or (supplier is null and %(supplier)s::text is null))
    and week_start between %(first)s and %(last)s
group by week_start, step
order by week_start, step;
