-- How many notices to buyers are where, of a merchant or of all (NULL).
select
    status,
    count(*)::integer as notices
from ops.notice
where merchant_id = %(merchant_id)s or %(merchant_id)s::text is null
group by status
order by status;
