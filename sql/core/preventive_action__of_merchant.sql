-- The actions of one merchant (NULL: of all), the newest first; those registered by mistake say so.
select
    action.action_id,
    action.merchant_id,
    action.kind,
    action.scope,
    action.reason,
    action.hypothesis,
    action.owner,
    action.starts_on,
    action.registered_by,
    action.registered_at,
    ended.on_day as ended_on,
    withdrawn.at is not null as withdrawn
from core.preventive_action as action
left join core.preventive_action_event as ended
    on action.action_id = ended.action_id and ended.type = 'ended'
left join core.preventive_action_event as withdrawn
    on action.action_id = withdrawn.action_id and withdrawn.type = 'withdrawn'
where action.merchant_id = %(merchant_id)s or %(merchant_id)s is null
order by action.starts_on desc, action.registered_at desc, action.action_id asc;
