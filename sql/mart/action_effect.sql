-- mart.action_effect: the merchant's actions as they are judged now; what was said otherwise goes to its past, what
-- stays is not written again.
with superseded as (
    delete from mart.action_effect as old
    where
        old.merchant_id = %(merchant_id)s
        and not exists (
            select 1
            from mart.stage_action_effect as new
            where
                new.dag_id = %(dag_id)s
                and new.run_id = %(run_id)s
                and (
                    old.action_id, old.merchant_id, old.scope, old.started_on, old.effect, old.lo, old.hi, old.verdict,
                    old.kind, old.owner, old.hypothesis, old.reason, old.ended_on, old.evidence
                ) is not distinct from (
                    new.action_id, new.merchant_id, new.scope, new.started_on, new.effect, new.lo, new.hi, new.verdict,
                    new.kind, new.owner, new.hypothesis, new.reason, new.ended_on, new.evidence
                )
        )
    returning old.*
)

insert into mart.action_effect_past (
    action_id, merchant_id, scope, started_on, effect, lo, hi, verdict, kind, owner, hypothesis, reason, ended_on,
    evidence, known_on, known_until
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
    evidence,
    known_on,
    %(known_on)s as known_until
from superseded
where known_on < %(known_on)s;

insert into mart.action_effect (
    action_id, merchant_id, scope, started_on, effect, lo, hi, verdict, kind, owner, hypothesis, reason, ended_on,
    evidence, known_on
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
    evidence,
    %(known_on)s
from mart.stage_action_effect
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict do nothing;
