-- Preventive actions with their effects, the newest first.
select
    action_id,
    merchant_id,
    kind,
    owner,
    hypothesis,
    scope,
    reason,
    started_on,
    ended_on,
    effect::float8 as effect,
    lo::float8 as lo,
    hi::float8 as hi,
    verdict,
    evidence,
    known_on
from mart.action_effect
where
    merchant_id = any(%(merchants)s)
    and (scope ->> 'category' = %(category)s or %(category)s::text is null)
    and (scope ->> 'supplier' = %(supplier)s or %(supplier)s::text is null)
order by started_on desc, action_id asc
limit 200;
