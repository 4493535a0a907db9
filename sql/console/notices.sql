-- Notices to buyers, newest first, with who decided about them last; every filter may be NULL. `undecided` is what
-- waits for a person. `before` is the last id of the page before.
select
    notice.notice_id,
    notice.notice_key,
    notice.merchant_id,
    coalesce(merchant.name, notice.merchant_id) as name,
    coalesce(merchant.locale, 'ru') as locale,
    notice.template,
    notice.params,
    notice.status,
    notice.reason,
    notice.channel,
    notice.attempts,
    notice.created_at,
    notice.next_try_at,
    notice.sent_at,
    latest.action,
    latest.actor,
    latest.reason as action_reason,
    latest.at as action_at
from ops.notice
left join core.merchant on notice.merchant_id = merchant.merchant_id
left join lateral (
    select
        done.action,
        done.actor,
        done.reason,
        done.at
    from ops.sending_action as done
    where done.queue = 'notice' and done.message_key = notice.notice_key
    order by done.action_id desc
    limit 1
) as latest on true
where
    (notice.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
    and (
        %(status)s::text is null
        or notice.status = %(status)s::text
        or (%(status)s::text = 'undecided' and notice.status in ('unknown', 'dead'))
    )
    and (notice.notice_id < %(before)s::bigint or %(before)s::bigint is null)
order by notice.notice_id desc
limit %(shown)s;
