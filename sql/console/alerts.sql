select
    kind,
    message,
    raised_at
from ops.alert
where cleared_at is null and (merchant_id in ('*', %(merchant_id)s) or %(merchant_id)s is null)
order by raised_at desc
limit 5;
