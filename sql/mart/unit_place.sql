-- mart.unit_place: what the units looked at count as from now on; one row, how many were looked at.
insert into mart.unit_place as known (
    unit_id, merchant_id, seq, sku, category, supplier, store_id, warehouse, state, zone, channel, stated_reason,
    cause, since, requested_at, received_at, decided_at, on_sale_at, resold_at, ended_at, closed_at, value, proceeds,
    forward_delivery, collection, receiving, inspection, repair, parts, packaging, storage, channel_fee, write_off,
    compensation
)
select
    told.unit_id,
    told.merchant_id,
    told.seq,
    told.sku,
    told.category,
    told.supplier,
    told.store_id,
    told.warehouse,
    told.state,
    told.zone,
    told.channel,
    told.stated_reason,
    told.cause,
    told.since,
    told.requested_at,
    told.received_at,
    told.decided_at,
    told.on_sale_at,
    told.resold_at,
    told.ended_at,
    told.closed_at,
    told.value,
    told.proceeds,
    told.forward_delivery,
    told.collection,
    told.receiving,
    told.inspection,
    told.repair,
    told.parts,
    told.packaging,
    told.storage,
    told.channel_fee,
    told.write_off,
    told.compensation
from stage_place as told
-- lists are read in the order of time
order by coalesce(told.requested_at, told.received_at), told.unit_id
on conflict (unit_id) do update
    set
        merchant_id = excluded.merchant_id,
        seq = excluded.seq,
        sku = excluded.sku,
        category = excluded.category,
        supplier = excluded.supplier,
        store_id = excluded.store_id,
        warehouse = excluded.warehouse,
        state = excluded.state,
        zone = excluded.zone,
        channel = excluded.channel,
        stated_reason = excluded.stated_reason,
        cause = excluded.cause,
        since = excluded.since,
        requested_at = excluded.requested_at,
        received_at = excluded.received_at,
        decided_at = excluded.decided_at,
        on_sale_at = excluded.on_sale_at,
        resold_at = excluded.resold_at,
        ended_at = excluded.ended_at,
        closed_at = excluded.closed_at,
        value = excluded.value,
        proceeds = excluded.proceeds,
        forward_delivery = excluded.forward_delivery,
        collection = excluded.collection,
        receiving = excluded.receiving,
        inspection = excluded.inspection,
        repair = excluded.repair,
        parts = excluded.parts,
        packaging = excluded.packaging,
        storage = excluded.storage,
        channel_fee = excluded.channel_fee,
        write_off = excluded.write_off,
        compensation = excluded.compensation
    where known is distinct from excluded;

select count(*) as units
from stage_touched;
