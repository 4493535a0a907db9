-- channel.resale_sku: a new one waits for its card unless the setting links it at once.
insert into channel.resale_sku (merchant_id, offer_sku, sku, state, state_since)
select
    %(merchant_id)s,
    fresh.offer_sku,
    fresh.sku,
    case when setting.value = 'true'::jsonb then 'linked' else 'pending_card' end as state,
    %(now)s
from unnest(%(offer_skus)s::text[], %(skus)s::text[]) as fresh (offer_sku, sku)
inner join ops.setting as setting on setting.name = 'resale_sku_auto_link'
on conflict (merchant_id, sku) do nothing;
