-- Name and phone go after their time, unless the order's case is open; those of a merchant who left us, too. An order
-- that never got into core counts from the day the contact was taken.
delete from core.contact
using (
    select
        held.merchant_id,
        held.order_id,
        coalesce(placed.handed_over_at, placed.created_at, held.taken_at) as since
    from core.contact as held
    left join core.customer_order as placed
        on held.merchant_id = placed.merchant_id and held.order_id = placed.order_id
) as aged, ops.setting as setting
where
    setting.name = 'contact_days'
    and aged.merchant_id = contact.merchant_id
    and aged.order_id = contact.order_id
    and aged.since < %(now)s::timestamptz - make_interval(days => (setting.value)::text::integer)
    and not exists (
        select 1
        from core.return_case
        where
            return_case.merchant_id = contact.merchant_id
            and return_case.order_id = contact.order_id
            and return_case.closed_at is null
    );
