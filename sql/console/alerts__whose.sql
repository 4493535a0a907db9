-- Whose alerts these are.
select
    alert_key,
    merchant_id
from ops.alert
where alert_key = any(%(keys)s::text[])
order by alert_key;
