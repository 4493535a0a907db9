-- The off-Kaspi list behind a secret token: no row for an unknown token, NULL version where there is none yet.
select
    merchant.merchant_id,
    list.version,
    list.body,
    list.published_at
from core.merchant as merchant
left join channel.off_kaspi_list as list on merchant.merchant_id = list.merchant_id
where merchant.feed_token = %(token)s;
