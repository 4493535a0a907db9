-- core.unit_verdict: the verdicts that changed, of the units looked at; what changed is staged for the cases.
create temporary table if not exists stage_verdict (
    like core.unit_verdict, was text, were integer, place tid
) on commit drop;
truncate stage_verdict;

with known as (
    select
        *,
        ctid as place
    from core.unit_verdict
    where merchant_id = %(merchant_id)s and (%(everything)s or unit_id = any(%(units)s::uuid[]))
)

insert into stage_verdict (unit_id, merchant_id, verdict, since, turns_at, repeats, settled, was, were, place)
select
    told.unit_id,
    told.merchant_id,
    told.verdict,
    told.since,
    told.turns_at,
    told.repeats,
    told.settled,
    known.verdict as was,
    known.repeats as were,
    known.place
from
    core.verdicts(
        %(merchant_id)s, %(now)s, %(overdue)s, %(lost)s, %(short)s, %(everything)s, %(units)s::uuid[],
        %(waiting)s::uuid[], %(orders)s::text[], %(lines)s::text[], %(moved)s::text[],
        %(loners)s::uuid[]
    ) as told
left join known on told.unit_id = known.unit_id
where
    known.unit_id is null
    or (told.verdict, told.repeats, told.settled) <> (known.verdict, known.repeats, known.settled)
    or told.since is distinct from known.since
    or told.turns_at is distinct from known.turns_at;

update core.unit_verdict
set
    verdict = told.verdict,
    since = told.since,
    turns_at = told.turns_at,
    repeats = told.repeats,
    settled = told.settled
from stage_verdict as told
-- by the row's place, which nobody else can have changed meanwhile: whoever writes here holds the merchant's lease
where unit_verdict.ctid = told.place and unit_verdict.unit_id = told.unit_id;

insert into core.unit_verdict (unit_id, merchant_id, verdict, since, turns_at, repeats, settled)
select
    unit_id,
    merchant_id,
    verdict,
    since,
    turns_at,
    repeats,
    settled
from stage_verdict
where was is null;
