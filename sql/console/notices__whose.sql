-- Whose notices to buyers these are.
select
    notice_id,
    merchant_id
from ops.notice
where notice_id = any(%(ids)s::bigint[])
order by notice_id;
