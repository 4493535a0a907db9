-- Mails to merchants and the team that wait for a person: dead or unknown. To whom is a matter of the merchant's row.
select
    outbox.message_key,
    outbox.merchant_id,
    coalesce(merchant.name, outbox.merchant_id) as name,
    outbox.kind,
    outbox.recipient,
    outbox.subject,
    outbox.status,
    outbox.last_error,
    outbox.attempts,
    outbox.created_at
from ops.outbox
left join core.merchant on outbox.merchant_id = merchant.merchant_id
where
    outbox.status in ('unknown', 'dead')
    and (outbox.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
order by outbox.created_at desc, outbox.message_key asc
limit %(shown)s;
