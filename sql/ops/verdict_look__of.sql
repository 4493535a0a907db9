-- A merchant's last look at what was expected and received, and how many events of its last hour it saw.
select
    looked_at,
    days,
    recorded
from ops.verdict_look
where merchant_id = %(merchant_id)s;
