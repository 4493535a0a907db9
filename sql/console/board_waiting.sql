-- Units whose life goes on: where they wait, and for how many days.
select
    state,
    zone,
    %(today)s::date - since_day as days,
    sum(units)::bigint as units,
    sum(value)::bigint as value
from mart.waiting
where
    merchant_id = any(%(merchants)s)
    and (category = %(category)s or (category is null and %(category)s::text is null))
    and (supplier = %(supplier)s or (supplier is null and %(supplier)s::text is null))
group by state, zone, since_day
order by state, zone, since_day;
