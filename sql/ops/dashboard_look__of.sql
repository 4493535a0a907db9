-- As of when the sums of a merchant are; no row where they were never counted.
select looked_at
from ops.dashboard_look
where merchant_id = %(merchant_id)s;
