select
    application_number,
    order_id
from core.return_case
where merchant_id = %(merchant_id)s and application_number = any(%(numbers)s);
