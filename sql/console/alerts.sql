-- Active alerts of a merchant, newest first; merchant_id NULL is the whole house. `house`: with those of no merchant.
select
    alert.alert_key,
    alert.merchant_id,
    alert.kind,
    alert.message,
    alert.raised_at,
    alert.told_at,
    coalesce(merchant.name, alert.merchant_id) as name,
    count(*) over () as active
from ops.alert
left join core.merchant on alert.merchant_id = merchant.merchant_id
where
    alert.cleared_at is null
    and (
        alert.merchant_id = %(merchant_id)s
        or %(merchant_id)s::text is null
        or (alert.merchant_id = '*' and %(house)s)
    )
order by alert.raised_at desc, alert.alert_key asc
limit %(shown)s;
