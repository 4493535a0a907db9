-- core.discrepancy: units that passed QC and may not be sold by us; a refusal that is over is resolved.
insert into core.discrepancy as known (
    discrepancy_id, merchant_id, unit_id, kind, subject, opened_at, money_at_risk, owner, status
)
select
    told.discrepancy_id,
    %(merchant_id)s,
    told.unit_id,
    'restock_refused' as kind,
    told.reason,
    %(now)s,
    told.money,
    'warehouse' as owner,
    'open' as status
from
    unnest(
        %(discrepancy_ids)s::uuid[], %(unit_ids)s::uuid[], %(reasons)s::text[], %(money)s::bigint[]
    ) as told (discrepancy_id, unit_id, reason, money)
on conflict (discrepancy_id) do update
    set
        status = 'open',
        subject = excluded.subject,
        reopened_at = case when known.status = 'open' then known.reopened_at else %(now)s end,
        resolved_at = null
    where known.status <> 'open' or known.subject <> excluded.subject;

update core.discrepancy
set
    status = 'resolved',
    resolved_at = %(now)s
where
    merchant_id = %(merchant_id)s
    and kind = 'restock_refused'
    and status = 'open'
    and not discrepancy_id = any(%(discrepancy_ids)s::uuid[]);
