-- The newest proposal of each of these units, with its routes.
with newest as (
    select distinct on (unit_id) *
    from channel.route_proposal
    where unit_id = any(%(unit_ids)s::uuid[])
    order by unit_id asc, seq desc, proposed_at desc, proposal_id asc
)

select
    newest.proposal_id,
    newest.merchant_id,
    newest.unit_id,
    newest.seq,
    newest.model,
    newest.known_on,
    newest.proposed_at,
    newest.plain,
    newest.proposed,
    newest.why,
    estimate.route,
    estimate.refusal,
    estimate.price,
    estimate.discount_permille,
    estimate.sale_probability,
    estimate.days,
    estimate.proceeds,
    estimate.fee,
    estimate.repair,
    estimate.packaging,
    estimate.handling,
    estimate.holding,
    estimate.write_off,
    estimate.low,
    estimate.high,
    estimate.beats_plain,
    estimate.unknown
from newest
left join channel.route_estimate as estimate on newest.proposal_id = estimate.proposal_id
order by newest.unit_id, estimate.route;
