-- Claims that can still be acted on, by state. With goods chosen those of their units.
select
    claim.status,
    count(*)::bigint as claims,
    coalesce(sum(claim.amount), 0)::bigint as amount,
    min(claim.due_at) filter (where claim.status in ('draft', 'ready')) as next_due
from mart.claim
left join mart.unit_place as place on claim.unit_id = place.unit_id
where
    claim.merchant_id = any(%(merchants)s)
    and claim.status in ('draft', 'ready', 'sent', 'accepted')
    and (place.category = %(category)s or %(category)s::text is null)
    and (place.supplier = %(supplier)s or %(supplier)s::text is null)
group by claim.status
order by claim.status;
