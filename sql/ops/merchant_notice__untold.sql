-- What a merchant was not told yet, the most urgent first; nothing while his last mail of the kind is too fresh.
select
    notice.subject,
    notice.kind,
    notice.order_code,
    notice.amount,
    notice.due_at
from ops.merchant_notice as notice
inner join ops.setting on setting.name = 'owed_mail_hours'
where
    notice.merchant_id = %(merchant_id)s
    and notice.message_key is null
    and not exists (
        select 1
        from ops.outbox
        where
            outbox.merchant_id = notice.merchant_id
            and outbox.kind = %(mail_kind)s
            and outbox.created_at
            > %(now)s::timestamptz - make_interval(mins => ((setting.value #>> '{}')::numeric * 60)::integer)
    )
order by notice.due_at, notice.order_code, notice.subject, notice.kind
for update of notice;
