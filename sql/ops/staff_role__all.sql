select
    user_name,
    merchant_id,
    role,
    granted_by,
    granted_at
from ops.staff_role
order by user_name, merchant_id;
