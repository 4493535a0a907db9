-- One archived mail with how it fared.
select
    mail.*,
    coalesce(merchant.name, '') as name,
    outbox.status,
    outbox.sent_at,
    outbox.last_error,
    outbox.attempts
from ops.weekly_mail as mail
left join core.merchant on mail.merchant_id = merchant.merchant_id
left join ops.outbox on mail.message_key = outbox.message_key
where mail.mail_id = %(mail_id)s;
