-- How many claims of these merchants are in each state, and what they are about in tenge. With goods chosen those of
-- their units.
select
    claim.status,
    count(*)::integer as claims,
    coalesce(sum(claim.amount), 0)::bigint as amount,
    coalesce(sum(claim.paid_amount), 0)::bigint as paid
from core.claim
left join mart.unit_in_question as asked on claim.unit_id = asked.unit_id and asked.merchant_id = any(%(merchants)s)
where
    claim.merchant_id = any(%(merchants)s)
    -- goods are known of what can still be acted on
    and (
        claim.status not in ('draft', 'ready', 'sent', 'accepted')
        or (
            (asked.category = %(category)s or %(category)s::text is null)
            and (asked.supplier = %(supplier)s or %(supplier)s::text is null)
        )
    )
group by claim.status;
