-- core.unit_verdict: a merchant's first look, at everything there is.
insert into core.unit_verdict (unit_id, merchant_id, verdict, since, turns_at, repeats, settled)
select
    told.unit_id,
    told.merchant_id,
    told.verdict,
    told.since,
    told.turns_at,
    told.repeats,
    told.settled
from
    core.verdicts(
        %(merchant_id)s, %(now)s, %(overdue)s, %(lost)s, %(short)s, true, null, null, null, null, null, null
    ) as told;
