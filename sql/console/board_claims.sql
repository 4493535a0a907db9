-- Claims by state: those that can still be acted on all, the others of which the deadline was in the period.
select
    claim.status,
    count(*)::bigint as claims,
    coalesce(sum(claim.amount), 0)::bigint as amount,
    coalesce(sum(claim.paid_amount), 0)::bigint as paid,
    min(claim.due_at) filter (where claim.status in ('draft', 'ready')) as next_due
from mart.claim
left join mart.unit_place as place on claim.unit_id = place.unit_id
where
    claim.merchant_id = any(%(merchants)s)
    and (
        claim.status in ('draft', 'ready', 'sent', 'accepted')
        or claim.status in ('paid', 'rejected', 'expired') and claim.due_at >= %(begins)s and claim.due_at < %(ends)s
    )
    and (place.category = %(category)s or %(category)s::text is null)
    and (place.supplier = %(supplier)s or %(supplier)s::text is null)
group by claim.status
order by claim.status;
