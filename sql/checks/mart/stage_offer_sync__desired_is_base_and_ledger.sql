-- What an offer should show is the base count and the ledger's free units, counted afresh from the units' states.
with part as (
    select
        addition.merchant_id,
        addition.store_id,
        addition.offer_sku,
        sum(addition.quantity) as units
    from channel.addition as addition
    inner join ledger.unit as unit on addition.unit_id = unit.unit_id
    where
        addition.withdrawn_at is null
        and addition.channel <> 'off_kaspi'
        and unit.state in ('restock_pending', 'on_sale')
        and not exists (
            select 1
            from channel.sale as sale
            where sale.unit_id = addition.unit_id and sale.state <> 'freed'
        )
    group by addition.merchant_id, addition.store_id, addition.offer_sku
)

select
    staged.merchant_id,
    staged.offer_sku as record_key,
    'desired ' || staged.desired_qty || ', the ledger alone has ' || part.units as detail
from mart.batch_offer_sync as staged
inner join part
    on
        staged.merchant_id = part.merchant_id
        and staged.store_id = part.store_id
        and staged.offer_sku = part.offer_sku
where
    staged.desired_qty < part.units
    and not exists (
        select 1
        from ledger.event_inbox as early
        inner join channel.addition as waiting on early.unit_id = waiting.unit_id
        where waiting.merchant_id = staged.merchant_id and waiting.offer_sku = staged.offer_sku
    )
