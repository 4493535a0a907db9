select 1 as found
from ops.weekly_mail
where merchant_id is not distinct from %(merchant_id)s and week_start = %(week_start)s and version = %(version)s;
