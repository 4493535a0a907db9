-- A merchant's last look at what was expected and received.
select
    looked_at,
    days
from ops.verdict_look
where merchant_id = %(merchant_id)s;
