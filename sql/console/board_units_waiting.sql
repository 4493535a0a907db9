-- Units that wait in a state since a span of days, the longest first, from behind the one shown last.
select
    one.unit_id as key,
    one.since as at
from core.merchant
cross join unnest(%(states)s::text[]) as chosen (state)
cross join
    lateral (
        select
            waiting.unit_id,
            waiting.since
        from mart.unit_place as waiting
        where
            waiting.merchant_id = merchant.merchant_id
            and waiting.state = chosen.state
            and waiting.closed_at is null
            and waiting.since >= %(begins)s
            and waiting.since < %(ends)s
            and (waiting.since, waiting.unit_id) > (%(after)s::timestamptz, %(after_key)s::uuid)
            and (waiting.zone = %(zone)s or %(zone)s::text is null)
            and (waiting.category = %(category)s or %(category)s::text is null)
            and (waiting.supplier = %(supplier)s or %(supplier)s::text is null)
        order by waiting.since, waiting.unit_id
        limit %(shown)s
    ) as one
where merchant.merchant_id = any(%(merchants)s)
order by one.since, one.unit_id
limit %(shown)s;
