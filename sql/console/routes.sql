-- Units whose way is open, with the newest proposal and ruling of each, by id. show: differ (money says otherwise than
-- the plain rule), open (to be decided), ruled (by a person), all.
select
    unit.unit_id,
    unit.merchant_id,
    unit.unit_label,
    unit.sku,
    product.name as product_name,
    unit.state,
    unit.grade,
    unit.channel,
    proposal.plain,
    proposal.proposed,
    proposal.why,
    proposal.model,
    proposal.known_on,
    estimate.net,
    estimate.low,
    estimate.high,
    plain.net as plain_net,
    ruling.route as ruled_route,
    ruling.actor as ruled_by
from ledger.unit
left join core.product as product
    on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join lateral (
    select newest.*
    from channel.route_proposal as newest
    where newest.unit_id = unit.unit_id
    order by newest.seq desc, newest.proposed_at desc, newest.proposal_id asc
    limit 1
) as proposal on true
left join channel.route_estimate as estimate
    on proposal.proposal_id = estimate.proposal_id and proposal.proposed = estimate.route
left join channel.route_estimate as plain
    on proposal.proposal_id = plain.proposal_id and proposal.plain = plain.route
left join lateral (
    select
        told.route,
        told.actor
    from channel.route_ruling as told
    where told.unit_id = unit.unit_id
    order by told.ruling_no desc
    limit 1
) as ruling on true
where
    unit.merchant_id = any(%(merchants)s::text[])
    and unit.state in ('inspected', 'repacked', 'repaired', 'qc', 'restock_pending', 'on_sale')
    and (%(after)s::uuid is null or unit.unit_id > %(after)s::uuid)
    and case %(show)s
        when 'differ' then proposal.proposed is distinct from proposal.plain
        when 'open' then unit.state in ('inspected', 'repacked', 'repaired', 'qc')
        when 'ruled' then ruling.route is not null
        else true
    end
order by unit.unit_id
limit %(shown)s;
