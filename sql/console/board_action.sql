-- One preventive action as it was judged, with the scopes of the merchant's others for the same cause that had begun by
-- then: their goods are not compared with.
select
    judged.merchant_id,
    judged.scope,
    judged.reason,
    judged.hypothesis,
    judged.started_on,
    judged.ended_on,
    (judged.evidence ->> 'judged_to')::date as judged_to,
    coalesce(
        (
            select jsonb_agg(other.scope)
            from core.preventive_action as other
            where
                other.merchant_id = judged.merchant_id
                and other.action_id <> judged.action_id
                and other.starts_on <= (judged.evidence ->> 'judged_to')::date
                and (other.reason = judged.reason or other.reason is null or judged.reason is null)
                and not exists (
                    select 1
                    from core.preventive_action_event as withdrawn
                    where withdrawn.action_id = other.action_id and withdrawn.type = 'withdrawn'
                )
        ),
        '[]'
    ) as others
from mart.action_effect as judged
where judged.action_id = %(action)s and judged.merchant_id = any(%(merchants)s);
