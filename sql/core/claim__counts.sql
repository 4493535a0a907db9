-- How many claims of these merchants are in each state, and what they are about in tenge.
select
    status,
    count(*)::integer as claims,
    coalesce(sum(amount), 0)::bigint as amount,
    coalesce(sum(paid_amount), 0)::bigint as paid
from core.claim
where merchant_id = any(%(merchants)s)
group by status;
