-- The archive, the newest week first: the mails of these merchants, and with %(house)s the one about all of them.
select
    mail.mail_id,
    mail.merchant_id,
    mail.week_start,
    mail.version,
    mail.subject,
    mail.recipient,
    mail.language,
    mail.known_at,
    octet_length(mail.message) as bytes,
    merchant.name,
    outbox.status,
    outbox.sent_at,
    (
        select count(*)
        from ops.outbox as again
        where
            again.kind = 'kpi_weekly_again'
            and again.merchant_id = coalesce(mail.merchant_id, 'all')
            and again.message_key like mail.message_key || '/again/%%'
    )::integer as again
from ops.weekly_mail as mail
left join core.merchant on mail.merchant_id = merchant.merchant_id
left join ops.outbox on mail.message_key = outbox.message_key
where
    (mail.merchant_id = any(%(merchants)s::text[]) or (mail.merchant_id is null and %(house)s))
    and (mail.week_start <= %(upto)s or %(upto)s::date is null)
order by mail.week_start desc, (mail.merchant_id is null) desc, merchant.name asc, mail.version desc
limit %(shown)s;
