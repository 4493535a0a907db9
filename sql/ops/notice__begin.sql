-- Take the next notice that is due over a channel, the oldest first, with what is needed to send it.
with chosen as (
    select notice.notice_key
    from ops.notice
    inner join core.merchant on notice.merchant_id = merchant.merchant_id
    where
        notice.status = 'queued'
        and notice.next_try_at <= %(now)s
        and coalesce(merchant.notice_connection_id, 'notices_' || merchant.merchant_id) = %(connection_id)s
    order by notice.next_try_at, notice.notice_id
    limit 1
    for update of notice skip locked
),

begun as (
    update ops.notice
    set
        status = 'sending',
        channel = %(connection_id)s,
        attempts = notice.attempts + 1,
        reason = null
    from chosen
    where notice.notice_key = chosen.notice_key
    returning
        notice.notice_key,
        notice.merchant_id,
        notice.order_id,
        notice.template,
        notice.params,
        notice.attempts,
        notice.expires_at,
        notice.doubtful
)

select
    begun.*,
    merchant.name as shop,
    merchant.locale,
    contact.sealed
from begun
inner join core.merchant on begun.merchant_id = merchant.merchant_id
left join core.contact on begun.merchant_id = contact.merchant_id and begun.order_id = contact.order_id;
