-- Units inspected in a week by cause, and the weekly average of the four weeks before.
select
    unit.cause,
    count(*) filter (where unit.inspected_at >= %(since)s)::integer as units,
    count(*) filter (where unit.inspected_at < %(since)s)::float8 / 4 as usual
from ledger.unit as unit
where
    (unit.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    and unit.cause is not null
    and unit.inspected_at >= %(since)s::timestamptz - interval '28 days'
    and unit.inspected_at < %(until)s
group by unit.cause
order by units desc, usual desc, unit.cause asc;
