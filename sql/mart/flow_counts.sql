-- How far the units have come, one row. A unit is reconciled while no discrepancy of its own or of its case is open
-- (what does not come in time opens one).
with observed as (
    select distinct addition.unit_id
    from channel.addition
    where addition.observed_at is not null
),

disputed as (
    select unit.unit_id
    from ledger.unit
    where exists (
        select 1
        from core.discrepancy
        where
            discrepancy.status = 'open'
            and (discrepancy.unit_id = unit.unit_id or discrepancy.case_id = unit.case_id)
    )
)

select
    count(unit.requested_at) as requested,
    count(unit.received_at) as received,
    count(unit.inspected_at) as inspected,
    count(unit.restocked_at) as restocked,
    count(observed.unit_id) as observed,
    count(unit.resold_at) as resold,
    round(1 - count(disputed.unit_id)::numeric / nullif(count(*), 0), 4) as reconciled_share
from ledger.unit
left join observed on unit.unit_id = observed.unit_id
left join disputed on unit.unit_id = disputed.unit_id;
