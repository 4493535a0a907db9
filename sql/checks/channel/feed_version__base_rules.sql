-- Rules that the merchant's own offers break: reported to him, never a reason to hold his list.
select
    merchant_id,
    version::text as record_key,
    base_warnings || ' broken rules in the merchant''s own offers' as detail
from channel.batch_feed_version
where base_warnings > 0
