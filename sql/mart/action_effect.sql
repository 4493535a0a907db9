-- mart.action_effect: the merchant's actions as they are judged now; an unchanged row is not written again.
delete from mart.action_effect as old
where
    old.merchant_id = %(merchant_id)s
    and not exists (
        select 1
        from mart.stage_action_effect as new
        where new.dag_id = %(dag_id)s and new.run_id = %(run_id)s and new.action_id = old.action_id
    );

insert into mart.action_effect as old (
    action_id, merchant_id, scope, started_on, effect, lo, hi, verdict, kind, owner, hypothesis, reason, ended_on,
    known_on, evidence
)
select
    action_id,
    merchant_id,
    scope,
    started_on,
    effect,
    lo,
    hi,
    verdict,
    kind,
    owner,
    hypothesis,
    reason,
    ended_on,
    known_on,
    evidence
from mart.stage_action_effect
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict (action_id) do update
    set
        effect = excluded.effect,
        lo = excluded.lo,
        hi = excluded.hi,
        verdict = excluded.verdict,
        ended_on = excluded.ended_on,
        known_on = excluded.known_on,
        evidence = excluded.evidence
    where
    (old.effect, old.lo, old.hi, old.verdict, old.ended_on, old.evidence)
    is distinct from (
        excluded.effect, excluded.lo, excluded.hi, excluded.verdict, excluded.ended_on, excluded.evidence
    );
