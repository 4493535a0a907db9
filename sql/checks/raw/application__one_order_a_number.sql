-- An application belongs to one order for ever; a number that names another one would move a case and its units.
select
    batch_application.merchant_id,
    batch_application.row_key as record_key,
    'application '
    || batch_application.application_number
    || ' is of order ' || batch_application.order_code || ' here and of ' || named.order_code as detail
from raw.batch_application
inner join lateral (
    select min(known.order_code) as order_code
    from (
        select other.order_code
        from raw.batch_application as other
        where
            other.merchant_id = batch_application.merchant_id
            and other.application_number = batch_application.application_number
        union all
        select placed.code
        from core.return_case
        inner join core.customer_order as placed using (merchant_id, order_id)
        where
            return_case.merchant_id = batch_application.merchant_id
            and return_case.application_number = batch_application.application_number
    ) as known
    where known.order_code <> batch_application.order_code
) as named on named.order_code is not null
