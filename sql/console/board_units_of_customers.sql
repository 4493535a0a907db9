-- Pieces of customers' returns received in a span, the first first, from behind the one shown last; each row with the
-- counts of all of them. Inspected ones are those whose cause was known when the span ended; marked are those whose
-- cause the buyer said (confirmed), or of which he said %(said)s.
-- As sql/report/reason_findings.sql counts them.
with listed as materialized (
    select
        place.unit_id as key,
        place.received_at as at,
        case
            when %(said)s::text is not null then place.stated_reason = %(said)s
            else seen.cause = place.stated_reason
        end as marked,
        seen.cause is not null as inspected
    from mart.unit_place as place
    inner join ledger.unit on place.unit_id = unit.unit_id
    inner join core.return_case on unit.case_id = return_case.case_id
    cross join lateral (values (case when unit.inspected_at < %(ends)s then unit.cause end)) as seen (cause)
    where
        place.merchant_id = any(%(merchants)s)
        and place.received_at >= %(begins)s
        and place.received_at < %(ends)s
        and return_case.return_kind = 'customer_return'
        and (place.stated_reason = %(reason)s or %(reason)s::text is null)
        and (seen.cause is not null or %(inspected)s::text is null)
),

total as (
    select
        count(*)::bigint as all_units,
        (count(*) filter (where marked))::bigint as all_marked,
        (count(*) filter (where inspected))::bigint as all_inspected
    from listed
),

page as (
    select *
    from listed
    where
        (listed.at, listed.key) > (%(after)s::timestamptz, %(after_key)s::uuid)
        and (coalesce(listed.marked, false) = (%(part)s = 'yes') or %(part)s::text is null)
    order by listed.at, listed.key
    limit %(shown)s
)

select
    page.key,
    page.at,
    page.marked,
    null::bigint as amount,
    total.all_units,
    total.all_marked,
    total.all_inspected
from total
left join page on true
order by page.at, page.key;
