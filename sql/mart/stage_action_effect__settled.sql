-- What was judged to its end is staged as it was said; only when the action ended may be told later.
insert into mart.stage_action_effect (
    dag_id, run_id, action_id, merchant_id, scope, started_on, effect, lo, hi, verdict, kind, owner, hypothesis, reason,
    ended_on, evidence
)
select
    %(dag_id)s,
    %(run_id)s,
    said.action_id,
    said.merchant_id,
    said.scope,
    said.started_on,
    said.effect,
    said.lo,
    said.hi,
    said.verdict,
    said.kind,
    said.owner,
    said.hypothesis,
    said.reason,
    ended.on_day as ended_on,
    said.evidence
from mart.action_effect as said
left join core.preventive_action_event as ended on said.action_id = ended.action_id and ended.type = 'ended'
where said.merchant_id = %(merchant_id)s and said.action_id = any(%(action_ids)s);
