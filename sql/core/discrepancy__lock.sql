-- A difference, held until the transaction ends, and whether the facts still say so.
select
    discrepancy.kind,
    discrepancy.status,
    discrepancy.resolved_by,
    discrepancy.kind in ('missing_from_parcel', 'duplicate_scan')
    or exists (
        select 1
        from core.unit_verdict as found
        where
            found.unit_id = discrepancy.unit_id
            and found.verdict = discrepancy.kind
            and not found.settled
    ) as still
from core.discrepancy
where discrepancy.discrepancy_id = %(discrepancy_id)s
for update of discrepancy;
