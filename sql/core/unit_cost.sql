-- core.unit_cost: the staged costs. A code that is known already, or was taken back, stays as it is; one that is still
-- unknown says so once.
insert into core.unit_cost (
    event_id, term, code, kind, unit_id, merchant_id, amount, rate_version, minutes, detail, booked_at
)
select
    staged.event_id,
    staged.term,
    staged.code,
    staged.kind,
    staged.unit_id,
    staged.merchant_id,
    staged.amount,
    staged.rate_version,
    staged.minutes,
    staged.detail,
    staged.booked_at
from stage_unit_cost as staged
where
    not exists (
        select 1
        from core.unit_cost as known
        where
            known.event_id = staged.event_id
            and known.term = staged.term
            and known.code = staged.code
            and known.kind <> 'unknown'
    )
order by staged.event_id, staged.term, staged.code
on conflict (event_id, term, code, kind) do nothing;
