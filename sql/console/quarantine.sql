-- Records put aside, newest first; every filter may be NULL. What was to be judged again and did not come back within a
-- day is ``gone``. ``before`` is the last id of the page before.
select
    quarantine.id,
    quarantine.merchant_id,
    coalesce(merchant.name, quarantine.merchant_id) as name,
    quarantine.source,
    quarantine.record_key,
    quarantine.reason,
    quarantine.pointer,
    left(quarantine.payload ->> 'detail', 500) as detail,
    quarantine.first_seen,
    quarantine.last_seen,
    quarantine.times_seen,
    case
        when quarantine.status = 'replayed' and quarantine.replayed_at < %(now)s::timestamptz - interval '1 day'
            then 'gone'
        else quarantine.status
    end as status,
    latest.action,
    latest.actor,
    latest.reason as action_reason,
    latest.at as action_at,
    ops.is_at_hand(quarantine.merchant_id, quarantine.source, quarantine.record_key) as at_hand
from ops.quarantine
left join core.merchant on quarantine.merchant_id = merchant.merchant_id
left join lateral (
    select
        quarantine_action.action,
        quarantine_action.actor,
        quarantine_action.reason,
        quarantine_action.at
    from ops.quarantine_action
    where quarantine_action.quarantine_id = quarantine.id
    order by quarantine_action.action_id desc
    limit 1
) as latest on true
where
    (quarantine.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
    and (quarantine.source = %(source)s or %(source)s::text is null)
    and (quarantine.reason = %(reason)s or %(reason)s::text is null)
    and (
        quarantine.status = case when %(status)s::text = 'gone' then 'replayed' else %(status)s::text end
        or %(status)s::text is null
    )
    and (
        quarantine.status <> 'replayed'
        or %(status)s::text is null
        or (%(status)s::text = 'gone') = (quarantine.replayed_at < %(now)s::timestamptz - interval '1 day')
    )
    and (quarantine.id < %(before)s::bigint or %(before)s::bigint is null)
order by quarantine.id desc
limit %(shown)s;
