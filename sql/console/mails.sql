-- The archive, the newest week first: the mails of these merchants, and with %(house)s the one about all of them, of
-- the newest %(weeks)s weeks up to one.
with his as (
    select
        mail.mail_id,
        mail.merchant_id,
        mail.message_key,
        mail.week_start,
        mail.version,
        mail.recipient,
        dense_rank() over (order by mail.week_start desc) as week
    from ops.weekly_mail as mail
    where
        (mail.merchant_id = any(%(merchants)s::text[]) or (mail.merchant_id is null and %(house)s))
        and (mail.week_start <= %(upto)s or %(upto)s::date is null)
)

select
    his.mail_id,
    his.week_start,
    his.recipient,
    merchant.name,
    outbox.status,
    outbox.sent_at,
    (
        select count(*)
        from ops.outbox as again
        where
            again.kind = 'kpi_weekly_again'
            and again.merchant_id = coalesce(his.merchant_id, 'all')
            and again.message_key like his.message_key || '/again/%%'
    )::integer as again
from his
left join core.merchant on his.merchant_id = merchant.merchant_id
left join ops.outbox on his.message_key = outbox.message_key
where his.week <= %(weeks)s
order by his.week_start desc, (his.merchant_id is null) desc, merchant.name asc, his.version desc;
