-- core.customer_order: the newest payload of each order in the batch; an older one never overwrites a newer.
insert into core.customer_order as known (
    merchant_id, order_id, code, state, status, total_price, delivery_cost_seller, payment_mode,
    delivery_mode, created_at, planned_delivery_at, handed_over_at, cancellation_reason, store_id, city,
    carrier, waybill, returned_to_warehouse, payload_hash
)
select distinct on (staged.order_id)
    staged.merchant_id,
    staged.order_id,
    staged.code,
    staged.state,
    staged.status,
    staged.total_price,
    staged.delivery_cost_seller,
    staged.payment_mode,
    staged.delivery_mode,
    staged.created_at,
    staged.planned_delivery_at,
    staged.handed_over_at,
    staged.cancellation_reason,
    staged.store_id,
    staged.city,
    staged.carrier,
    staged.waybill,
    staged.returned_to_warehouse,
    staged.payload_hash
from raw.stage_order as staged
left join raw.order_payload as stored
    on staged.merchant_id = stored.merchant_id and staged.order_id = stored.order_id
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and staged.merchant_id = %(merchant_id)s
    and (stored.fetched_at is null or stored.fetched_at <= staged.fetched_at)
order by staged.order_id asc, staged.fetched_at desc, staged.window_id desc
on conflict (merchant_id, order_id) do update
    set
        code = excluded.code,
        state = excluded.state,
        status = excluded.status,
        total_price = excluded.total_price,
        delivery_cost_seller = excluded.delivery_cost_seller,
        payment_mode = excluded.payment_mode,
        delivery_mode = excluded.delivery_mode,
        created_at = excluded.created_at,
        planned_delivery_at = excluded.planned_delivery_at,
        handed_over_at = coalesce(excluded.handed_over_at, known.handed_over_at),
        cancellation_reason = excluded.cancellation_reason,
        store_id = excluded.store_id,
        city = excluded.city,
        carrier = excluded.carrier,
        waybill = coalesce(excluded.waybill, known.waybill),
        returned_to_warehouse = excluded.returned_to_warehouse,
        payload_hash = excluded.payload_hash
    where known.payload_hash is distinct from excluded.payload_hash;
