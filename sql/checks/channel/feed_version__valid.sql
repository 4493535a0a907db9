-- The composed list keeps Kaspi's schema and rules on our offers; the merchant's own are only warned about.
select
    merchant_id,
    version::text as record_key,
    own_errors || ' broken rules, the first: ' || coalesce(findings -> 0 ->> 'detail', '') as detail
from channel.batch_feed_version
where own_errors > 0
