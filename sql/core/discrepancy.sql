-- core.discrepancy: the cases of the units whose verdict changed. One that is not so any more is closed by the facts,
-- with how it ended; one that is so is opened. What a person settled stays settled while it is as it was.
update core.discrepancy
set
    status = 'resolved',
    resolved_at = %(now)s,
    resolution = told.resolution
from stage_verdict as found
inner join
    unnest(%(ended)s::text[], %(found)s::text[], %(gone)s::boolean[], %(resolutions)s::text[])
        as told (kind, verdict, settled, resolution)
    on found.verdict = told.verdict and found.settled = told.settled
where
    -- what it was is what can be open; where nothing was written before, anything
    told.kind = coalesce(found.was, told.kind)
    and told.kind <> 'missing_from_parcel'
    and discrepancy.discrepancy_id = md5(told.kind || '/' || found.merchant_id || '/' || found.unit_id)::uuid
    and discrepancy.status = 'open';

insert into core.discrepancy as known (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, found_at, due_at,
    money_at_risk, owner, status
)
select
    md5(rule.kind || '/' || unit.merchant_id || '/' || unit.unit_id)::uuid,
    unit.merchant_id,
    unit.case_id,
    unit.unit_id,
    placed.code,
    rule.kind,
    coalesce(unit.unit_label, unit.unit_id::text),
    found.since,
    %(now)s::timestamptz,
    coalesce(rule.due_at, unit.requested_at + %(lost)s),
    -- of what is here and more than was asked for, nothing can be lost
    case when rule.kind in ('over', 'no_request') then 0 else coalesce(line.base_price, product.cost, 0) end,
    rule.owner,
    'open'
from stage_verdict as found
inner join unnest(%(kinds)s::text[], %(owners)s::text[], %(dues)s::timestamptz[]) as rule (kind, owner, due_at)
    on found.verdict = rule.kind
inner join ledger.unit on found.unit_id = unit.unit_id
left join core.customer_order as placed on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
where
    not found.settled
    and (
        found.was <> found.verdict
        -- it only began at another time, or what it was is lost: who settled it, did
        or not exists (
            select 1
            from core.discrepancy as earlier
            where
                earlier.discrepancy_id = md5(found.verdict || '/' || found.merchant_id || '/' || found.unit_id)::uuid
                and earlier.resolved_by is not null
        )
    )
order by unit.unit_id
on conflict (discrepancy_id) do update
    set
        status = 'open',
        opened_at = excluded.opened_at,
        reopened_at = %(now)s,
        due_at = excluded.due_at,
        resolved_at = null,
        resolution = null,
        resolved_by = null,
        note = null
    where known.status <> 'open';
