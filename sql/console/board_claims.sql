-- Claims that can still be acted on, by state. With goods chosen those of their units.
select
    claim.status,
    count(*)::bigint as claims,
    coalesce(sum(claim.amount), 0)::bigint as amount,
    min(claim.due_at) filter (where claim.status in ('draft', 'ready')) as next_due
from mart.claim
left join mart.unit_in_question as asked on claim.unit_id = asked.unit_id and asked.merchant_id = any(%(merchants)s)
where
    claim.merchant_id = any(%(merchants)s)
    and claim.status in ('draft', 'ready', 'sent', 'accepted')
    and (asked.category = %(category)s or %(category)s::text is null)
    and (asked.supplier = %(supplier)s or %(supplier)s::text is null)
group by claim.status
order by claim.status;
