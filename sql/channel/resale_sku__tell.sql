-- channel.resale_sku, channel.resale_sku_change: a person says what became of the card. What is so already is not told.
with card as (
    select
        merchant_id,
        offer_sku,
        state
    from channel.resale_sku
    where merchant_id = %(merchant_id)s and offer_sku = %(offer_sku)s
    for update
),

told as (
    update channel.resale_sku
    set
        state = %(state)s,
        state_since = %(now)s,
        changed_by = %(actor)s
    from card
    where
        resale_sku.merchant_id = card.merchant_id
        and resale_sku.offer_sku = card.offer_sku
        and card.state <> %(state)s
    returning card.merchant_id, card.offer_sku, card.state as was
),

kept as (
    insert into channel.resale_sku_change (merchant_id, offer_sku, was, state, changed_at, changed_by, note)
    select
        merchant_id,
        offer_sku,
        was,
        %(state)s,
        %(now)s,
        %(actor)s,
        %(note)s
    from told
)

select
    card.state as was,
    told.offer_sku is not null as changed
from card
left join told on card.offer_sku = told.offer_sku;
