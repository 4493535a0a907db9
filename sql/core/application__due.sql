-- Applications whose order is here and that have something new: rows, an order of this batch, or lines that can tell
-- now which of them an application is about.
select
    unpublished.application_number,
    placed.order_id
from raw.application as unpublished
inner join core.customer_order as placed
    on unpublished.merchant_id = placed.merchant_id and unpublished.order_code = placed.code
where
    unpublished.merchant_id = %(merchant_id)s
    and unpublished.published_at is null
    and not unpublished.quarantined
    and placed.order_id in (select locked_order.order_id from locked_order)
union
select
    application.application_number,
    application.order_id
from core.application
where
    application.merchant_id = %(merchant_id)s
    and application.order_id in (select locked_order.order_id from locked_order)
    and (
        application.entry_id is null
        or application.order_id in (
            select staged.order_id
            from raw.stage_order as staged
            where
                staged.dag_id = %(dag_id)s
                and staged.run_id = %(run_id)s
                and staged.merchant_id = %(merchant_id)s
        )
    );
