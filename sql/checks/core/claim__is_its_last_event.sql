-- A claim stands as its last event says, its events have no gap, and none that is over its deadline waits.
select
    claim.merchant_id,
    claim.claim_id as record_key,
    'the claim is ' || claim.status || ' #' || claim.seq || ', its last of ' || history.events || ' events '
    || coalesce(history.status, 'none') || ' #' || coalesce(history.seq, 0) as detail
from core.claim
left join lateral (
    select
        event.seq,
        event.status,
        event.due_at,
        event.amount,
        count(*) over () as events
    from core.claim_event as event
    where event.claim_id = claim.claim_id
    order by event.seq desc
    limit 1
) as history on true
where
    history.seq is null
    or claim.seq <> history.seq
    or history.events <> history.seq
    or claim.status <> history.status
    or claim.due_at <> history.due_at
    or claim.amount is distinct from history.amount
union all
select
    claim.merchant_id,
    claim.claim_id as record_key,
    'the claim is ' || claim.status || ' though its deadline is over' as detail
from core.claim
inner join ops.run as run
    on
        run.dag_id = current_setting('qaitarym.dag_id', true)
        and run.run_id = current_setting('qaitarym.run_id', true)
where claim.status in ('draft', 'ready') and claim.due_at <= run.now_at
