select
    merchant_id,
    role
from ops.staff_role
where user_name = %(user_name)s;
