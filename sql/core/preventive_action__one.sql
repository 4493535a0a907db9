select
    action_id,
    merchant_id,
    starts_on
from core.preventive_action
where action_id = %(action_id)s;
