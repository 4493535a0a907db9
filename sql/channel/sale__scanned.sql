-- Units that a pick scan sold in the ledger and that no sale row names yet.
select
    unit.unit_id,
    unit.sold_order_id as "order",
    unit.offer_sku,
    unit.resold_at as sold_at
from ledger.unit as unit
where
    unit.merchant_id = %(merchant_id)s
    and unit.state = 'resold'
    and unit.attribution = 'scan'
    and unit.sold_order_id is not null
    and unit.offer_sku is not null
    and unit.channel <> 'off_kaspi'
    and not exists (
        select 1
        from channel.sale as done
        where done.unit_id = unit.unit_id and done.state = 'sold'
    );
