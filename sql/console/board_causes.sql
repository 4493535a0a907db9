-- Units received in the period by what the buyer said and what was found.
select
    stated_reason,
    cause,
    week_start,
    sum(units)::bigint as units,
    sum(value)::bigint as value
from mart.received_cause_weekly
where
    merchant_id = any(%(merchants)s)
    and (category = %(category)s or (category is null and %(category)s::text is null))
    and (supplier = %(supplier)s or (supplier is null and %(supplier)s::text is null))
    and week_start between %(first)s and %(last)s
group by stated_reason, cause, week_start
order by stated_reason, cause, week_start;
