-- core.decision_clock: the staged clocks; one that stands as it stood is not written. A clock that is settled keeps the
-- moment when we first knew.
with changed as (
    insert into core.decision_clock as known (case_id, merchant_id, started_at, due_at, settled_at)
    select
        case_id,
        merchant_id,
        started_at,
        due_at,
        settled_at
    from stage_decision_clock
    order by case_id
    on conflict (case_id) do update
        set
            started_at = excluded.started_at,
            due_at = excluded.due_at,
            settled_at = case
                when excluded.settled_at is not null then coalesce(known.settled_at, excluded.settled_at)
            end
        where
        (known.started_at, known.due_at, known.settled_at is null)
        is distinct from (excluded.started_at, excluded.due_at, excluded.settled_at is null)
    returning *
)

insert into core.decision_clock_event (case_id, merchant_id, due_at, settled_at, recorded_at)
select
    case_id,
    merchant_id,
    due_at,
    settled_at,
    %(now)s
from changed
order by case_id;
