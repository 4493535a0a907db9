-- Alerts to write a mail about. While one of a kind and subject lasts and was told, another of the same is no news: a
-- flow that fails every quarter of an hour is one mail.
select
    alert.alert_key,
    alert.merchant_id,
    alert.kind,
    alert.message,
    alert.raised_at,
    coalesce(merchant.name, alert.merchant_id) as name
from ops.alert
left join core.merchant on alert.merchant_id = merchant.merchant_id
where
    alert.cleared_at is null
    and alert.told_at is null
    and not exists (
        select 1
        from ops.alert as told
        where
            told.kind = alert.kind
            and told.alert_key <> alert.alert_key
            and split_part(told.alert_key, '/', 2) = split_part(alert.alert_key, '/', 2)
            and told.cleared_at is null
            and told.told_at is not null
    )
order by alert.raised_at, alert.alert_key
for update of alert;
