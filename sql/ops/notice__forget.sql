-- Whose contact is erased: the reference to it goes, and what was not sent cannot be sent any more.
update ops.notice
set
    order_id = null,
    status = case when status in ('queued', 'unknown', 'dead') then 'dismissed' else status end,
    reason = case when status in ('queued', 'unknown', 'dead') then 'contact_erased' else reason end
where
    order_id is not null
    and status <> 'sending'
    and not exists (
        select 1
        from core.contact
        where contact.merchant_id = notice.merchant_id and contact.order_id = notice.order_id
    );
