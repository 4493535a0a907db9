-- One row a unit received since a week: when it moved on, what it cost, what it brought.
-- Durations in seconds from the first scan; NULL where the unit is not there yet. merchant_id NULL is the whole house.
select
    unit.category,
    date_trunc('week', unit.received_at at time zone 'Asia/Almaty')::date as week_start,
    unit.state,
    unit.channel,
    extract(epoch from unit.routed_at - unit.received_at)::float8 as routed_after,
    extract(epoch from coalesce(first_addition.at, unit.on_sale_at) - unit.received_at)::float8 as on_sale_after,
    case
        when coalesce(first_addition.at, unit.on_sale_at) is not null
            then coalesce(first_addition.proof, 'published')
    end as on_sale_proof,
    extract(epoch from unit.resold_at - unit.received_at)::float8 as resold_after,
    extract(epoch from unit.closed_at - unit.received_at)::float8 as closed_after,
    extract(epoch from %(now)s - unit.received_at)::float8 as open_for,
    case when unit.resold_at is not null then unit.resale_price end as proceeds,
    unit.original_price,
    unit.reverse_cost,
    unit.net_recovery,
    case when claim.status <> 'withdrawn' then coalesce(claim.amount, 0) end as claimable,
    coalesce(claim.status in ('sent', 'accepted', 'rejected', 'paid'), false) as claimed,
    coalesce(claim.paid_amount, 0) as claim_paid,
    coalesce(claim.lost_because <> 'known_too_late', false) as claim_lost
from mart.unit as unit
left join core.claim as claim on unit.unit_id = claim.unit_id
left join lateral (
    select
        coalesce(addition.observed_at, addition.fetched_at, addition.published_at) as at,
        case
            when addition.observed_at is not null then 'observed'
            when addition.fetched_at is not null then 'fetched'
            else 'published'
        end as proof
    from channel.addition as addition
    where addition.unit_id = unit.unit_id and addition.published_at is not null
    order by addition.decision_seq
    limit 1
) as first_addition on true
where
    unit.received_at is not null
    and (unit.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    and unit.received_at >= (%(weeks_from)s)::timestamp at time zone 'Asia/Almaty'
    and unit.received_at < (%(weeks_to)s)::timestamp at time zone 'Asia/Almaty';
