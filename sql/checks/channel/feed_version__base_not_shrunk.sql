-- A base list that lost many offers at once looks cut; a person may let it through (parameter approve).
select
    staged.merchant_id,
    staged.version::text as record_key,
    'the base list has ' || staged.base_offers || ' offers, the published one had ' || served.base_offers as detail
from channel.batch_feed_version as staged
inner join lateral (
    select published.base_offers
    from channel.feed_version as published
    where published.merchant_id = staged.merchant_id and published.status = 'published'
    order by published.version desc
    limit 1
) as served on true
inner join ops.setting as setting on setting.name = 'base_list_shrink_limit'
where
    not staged.approved
    and staged.base_offers < served.base_offers * (1 - setting.value::text::numeric)
