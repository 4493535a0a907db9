-- Name and phone go after their time, unless the order's case is open.
delete from core.contact
using core.customer_order as placed, ops.setting as setting
where
    contact.merchant_id = %(merchant_id)s
    and setting.name = 'contact_days'
    and placed.merchant_id = contact.merchant_id
    and placed.order_id = contact.order_id
    and coalesce(placed.handed_over_at, placed.created_at)
    < %(now)s::timestamptz - make_interval(days => (setting.value)::text::integer)
    and not exists (
        select 1
        from core.return_case
        where
            return_case.merchant_id = contact.merchant_id
            and return_case.order_id = contact.order_id
            and return_case.closed_at is null
    );
