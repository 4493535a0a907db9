-- Open cases of which nobody knows how many pieces come back, the first first, from behind the one shown last; each row
-- with the sums of all of them, as mart.unquantified says them.
with listed as materialized (
    select
        case_id as key,
        requested_to as at,
        merchant_id,
        order_id,
        return_kind,
        stated_reason,
        units_lo,
        units_hi
    from core.return_case
    where merchant_id = any(%(merchants)s) and quantity is null and closed_at is null
),

total as (
    select
        count(*)::bigint as all_cases,
        coalesce(sum(units_lo), 0)::bigint as all_lo,
        coalesce(sum(units_hi), 0)::bigint as all_hi
    from listed
),

page as (
    select
        listed.*,
        placed.code as order_code,
        placed.city,
        placed.carrier
    from listed
    left join core.customer_order as placed
        on listed.merchant_id = placed.merchant_id and listed.order_id = placed.order_id
    where (listed.at, listed.key) > (%(after)s::timestamptz, %(after_key)s::uuid)
    order by listed.at, listed.key
    limit %(shown)s
)

select
    page.*,
    total.all_cases,
    total.all_lo,
    total.all_hi
from total
left join page on true
order by page.at, page.key;
