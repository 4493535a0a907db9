-- mart.received_weekly: what became of the changed units and what they cost; what they were counted by before, goes.
insert into mart.received_weekly as known (
    merchant_id, category, supplier, week_start, units, value, put_back, put_back_main, put_back_resale,
    put_back_off_kaspi, resold, resold_main, resold_resale, resold_off_kaspi, proceeds, proceeds_main,
    proceeds_resale, proceeds_off_kaspi, ended_otherwise, still_here, forward_delivery, collection, receiving,
    inspection, repair, parts, packaging, storage, channel_fee, write_off, compensation, no_forward_delivery,
    no_collection, no_receiving, no_inspection, no_repair, no_parts, no_packaging, no_storage, no_channel_fee,
    no_write_off
)
select
    change.merchant_id,
    change.category,
    change.supplier,
    core.week_of(change.received_at) as week_start,
    sum(change.sign) as units,
    sum(change.sign * change.value) as value,
    coalesce(sum(change.sign) filter (where change.on_sale_at is not null), 0) as put_back,
    coalesce(sum(change.sign) filter (where change.on_sale_at is not null and change.channel = 'main'), 0)
        as put_back_main,
    coalesce(sum(change.sign) filter (where change.on_sale_at is not null and change.channel = 'resale'), 0)
        as put_back_resale,
    coalesce(sum(change.sign) filter (where change.on_sale_at is not null and change.channel = 'off_kaspi'), 0)
        as put_back_off_kaspi,
    coalesce(sum(change.sign) filter (where change.state = 'resold'), 0) as resold,
    coalesce(sum(change.sign) filter (where change.state = 'resold' and change.channel = 'main'), 0) as resold_main,
    coalesce(sum(change.sign) filter (where change.state = 'resold' and change.channel = 'resale'), 0) as resold_resale,
    coalesce(sum(change.sign) filter (where change.state = 'resold' and change.channel = 'off_kaspi'), 0)
        as resold_off_kaspi,
    sum(change.sign * change.proceeds) as proceeds,
    coalesce(sum(change.sign * change.proceeds) filter (where change.channel = 'main'), 0) as proceeds_main,
    coalesce(sum(change.sign * change.proceeds) filter (where change.channel = 'resale'), 0) as proceeds_resale,
    coalesce(sum(change.sign * change.proceeds) filter (where change.channel = 'off_kaspi'), 0) as proceeds_off_kaspi,
    coalesce(sum(change.sign) filter (where change.closed_at is not null and change.state <> 'resold'), 0)
        as ended_otherwise,
    coalesce(sum(change.sign) filter (where change.closed_at is null), 0) as still_here,
    coalesce(sum(change.sign * change.forward_delivery), 0) as forward_delivery,
    coalesce(sum(change.sign * change.collection), 0) as collection,
    coalesce(sum(change.sign * change.receiving), 0) as receiving,
    coalesce(sum(change.sign * change.inspection), 0) as inspection,
    coalesce(sum(change.sign * change.repair), 0) as repair,
    coalesce(sum(change.sign * change.parts), 0) as parts,
    coalesce(sum(change.sign * change.packaging), 0) as packaging,
    coalesce(sum(change.sign * change.storage), 0) as storage,
    coalesce(sum(change.sign * change.channel_fee), 0) as channel_fee,
    coalesce(sum(change.sign * change.write_off), 0) as write_off,
    sum(change.sign * change.compensation) as compensation,
    coalesce(sum(change.sign) filter (where change.forward_delivery is null), 0) as no_forward_delivery,
    coalesce(sum(change.sign) filter (where change.collection is null), 0) as no_collection,
    coalesce(sum(change.sign) filter (where change.receiving is null), 0) as no_receiving,
    coalesce(sum(change.sign) filter (where change.inspection is null), 0) as no_inspection,
    coalesce(sum(change.sign) filter (where change.repair is null), 0) as no_repair,
    coalesce(sum(change.sign) filter (where change.parts is null), 0) as no_parts,
    coalesce(sum(change.sign) filter (where change.packaging is null), 0) as no_packaging,
    coalesce(sum(change.sign) filter (where change.storage is null), 0) as no_storage,
    coalesce(sum(change.sign) filter (where change.channel_fee is null), 0) as no_channel_fee,
    coalesce(sum(change.sign) filter (where change.write_off is null), 0) as no_write_off
from stage_change as change
where change.received_at is not null
group by
    change.merchant_id, core.week_of(change.received_at),
    grouping sets ((), (change.category), (change.supplier), (change.category, change.supplier))
having
    sum(change.sign) <> 0
    or sum(change.sign * change.value) <> 0
    or coalesce(sum(change.sign) filter (where change.on_sale_at is not null), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.on_sale_at is not null and change.channel = 'main'), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.on_sale_at is not null and change.channel = 'resale'), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.on_sale_at is not null and change.channel = 'off_kaspi'), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.state = 'resold'), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.state = 'resold' and change.channel = 'main'), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.state = 'resold' and change.channel = 'resale'), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.state = 'resold' and change.channel = 'off_kaspi'), 0) <> 0
    or sum(change.sign * change.proceeds) <> 0
    or coalesce(sum(change.sign * change.proceeds) filter (where change.channel = 'main'), 0) <> 0
    or coalesce(sum(change.sign * change.proceeds) filter (where change.channel = 'resale'), 0) <> 0
    or coalesce(sum(change.sign * change.proceeds) filter (where change.channel = 'off_kaspi'), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.closed_at is not null and change.state <> 'resold'), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.closed_at is null), 0) <> 0
    or coalesce(sum(change.sign * change.forward_delivery), 0) <> 0
    or coalesce(sum(change.sign * change.collection), 0) <> 0
    or coalesce(sum(change.sign * change.receiving), 0) <> 0
    or coalesce(sum(change.sign * change.inspection), 0) <> 0
    or coalesce(sum(change.sign * change.repair), 0) <> 0
    or coalesce(sum(change.sign * change.parts), 0) <> 0
    or coalesce(sum(change.sign * change.packaging), 0) <> 0
    or coalesce(sum(change.sign * change.storage), 0) <> 0
    or coalesce(sum(change.sign * change.channel_fee), 0) <> 0
    or coalesce(sum(change.sign * change.write_off), 0) <> 0
    or sum(change.sign * change.compensation) <> 0
    or coalesce(sum(change.sign) filter (where change.forward_delivery is null), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.collection is null), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.receiving is null), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.inspection is null), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.repair is null), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.parts is null), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.packaging is null), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.storage is null), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.channel_fee is null), 0) <> 0
    or coalesce(sum(change.sign) filter (where change.write_off is null), 0) <> 0
-- what is read together lies together
order by 1, 2, 3, 4
on conflict (merchant_id, category, supplier, week_start) do update
    set
        units = known.units + excluded.units,
        value = known.value + excluded.value,
        put_back = known.put_back + excluded.put_back,
        put_back_main = known.put_back_main + excluded.put_back_main,
        put_back_resale = known.put_back_resale + excluded.put_back_resale,
        put_back_off_kaspi = known.put_back_off_kaspi + excluded.put_back_off_kaspi,
        resold = known.resold + excluded.resold,
        resold_main = known.resold_main + excluded.resold_main,
        resold_resale = known.resold_resale + excluded.resold_resale,
        resold_off_kaspi = known.resold_off_kaspi + excluded.resold_off_kaspi,
        proceeds = known.proceeds + excluded.proceeds,
        proceeds_main = known.proceeds_main + excluded.proceeds_main,
        proceeds_resale = known.proceeds_resale + excluded.proceeds_resale,
        proceeds_off_kaspi = known.proceeds_off_kaspi + excluded.proceeds_off_kaspi,
        ended_otherwise = known.ended_otherwise + excluded.ended_otherwise,
        still_here = known.still_here + excluded.still_here,
        forward_delivery = known.forward_delivery + excluded.forward_delivery,
        collection = known.collection + excluded.collection,
        receiving = known.receiving + excluded.receiving,
        inspection = known.inspection + excluded.inspection,
        repair = known.repair + excluded.repair,
        parts = known.parts + excluded.parts,
        packaging = known.packaging + excluded.packaging,
        storage = known.storage + excluded.storage,
        channel_fee = known.channel_fee + excluded.channel_fee,
        write_off = known.write_off + excluded.write_off,
        compensation = known.compensation + excluded.compensation,
        no_forward_delivery = known.no_forward_delivery + excluded.no_forward_delivery,
        no_collection = known.no_collection + excluded.no_collection,
        no_receiving = known.no_receiving + excluded.no_receiving,
        no_inspection = known.no_inspection + excluded.no_inspection,
        no_repair = known.no_repair + excluded.no_repair,
        no_parts = known.no_parts + excluded.no_parts,
        no_packaging = known.no_packaging + excluded.no_packaging,
        no_storage = known.no_storage + excluded.no_storage,
        no_channel_fee = known.no_channel_fee + excluded.no_channel_fee,
        no_write_off = known.no_write_off + excluded.no_write_off;

delete from mart.received_weekly
where merchant_id = %(merchant_id)s and units = 0;
