-- Units received, by week: what became of them and what they cost.
select
    week_start,
    sum(units)::bigint as units,
    sum(value)::bigint as value,
    sum(put_back)::bigint as put_back,
    sum(put_back_main)::bigint as put_back_main,
    sum(put_back_resale)::bigint as put_back_resale,
    sum(put_back_off_kaspi)::bigint as put_back_off_kaspi,
    sum(resold)::bigint as resold,
    sum(resold_main)::bigint as resold_main,
    sum(resold_resale)::bigint as resold_resale,
    sum(resold_off_kaspi)::bigint as resold_off_kaspi,
    sum(proceeds)::bigint as proceeds,
    sum(proceeds_main)::bigint as proceeds_main,
    sum(proceeds_resale)::bigint as proceeds_resale,
    sum(proceeds_off_kaspi)::bigint as proceeds_off_kaspi,
    sum(ended_otherwise)::bigint as ended_otherwise,
    sum(still_here)::bigint as still_here,
    sum(forward_delivery)::bigint as forward_delivery,
    sum(collection)::bigint as collection,
    sum(receiving)::bigint as receiving,
    sum(inspection)::bigint as inspection,
    sum(repair)::bigint as repair,
    sum(parts)::bigint as parts,
    sum(packaging)::bigint as packaging,
    sum(storage)::bigint as storage,
    sum(channel_fee)::bigint as channel_fee,
    sum(write_off)::bigint as write_off,
    sum(compensation)::bigint as compensation,
    sum(no_forward_delivery)::bigint as no_forward_delivery,
    sum(no_collection)::bigint as no_collection,
    sum(no_receiving)::bigint as no_receiving,
    sum(no_inspection)::bigint as no_inspection,
    sum(no_repair)::bigint as no_repair,
    sum(no_parts)::bigint as no_parts,
    sum(no_packaging)::bigint as no_packaging,
    sum(no_storage)::bigint as no_storage,
    sum(no_channel_fee)::bigint as no_channel_fee,
    sum(no_write_off)::bigint as no_write_off
from mart.received_weekly
where
    merchant_id = any(%(merchants)s)
    and (category = %(category)s or (category is null and %(category)s::text is null))
    and (supplier = %(supplier)s or (supplier is null and %(supplier)s::text is null))
    and week_start between %(first)s and %(last)s
group by week_start
order by week_start;
