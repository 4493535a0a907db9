-- ops.merchant_notice: what is new; a subject is told once a kind. What was found and not told yet goes where it is not
-- so any more: it was settled, or it is more urgent by now.
delete from ops.merchant_notice
where
    merchant_id = %(merchant_id)s
    and message_key is null
    and not exists (
        select 1
        from stage_merchant_notice as staged
        where staged.subject = merchant_notice.subject and staged.kind = merchant_notice.kind
    );

insert into ops.merchant_notice (merchant_id, subject, kind, order_code, amount, due_at, found_at)
select
    merchant_id,
    subject,
    kind,
    order_code,
    amount,
    due_at,
    found_at
from stage_merchant_notice
order by subject, kind
on conflict (merchant_id, subject, kind) do nothing;
