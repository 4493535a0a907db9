select
    user_name,
    merchant_id,
    role_before,
    role_after,
    actor,
    at
from ops.staff_role_change
where %(user_name)s::text is null or user_name = %(user_name)s
order by change_id;
