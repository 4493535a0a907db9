-- core.customer_order: what the batch brings, known orders first, then new ones.
-- raw/stage_order__newest has left one read an order, none older than what is published.
with batch as not materialized (
    select *
    from raw.stage_order
    where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
),

changed as (
    update core.customer_order as known
    set
        code = batch.code,
        state = batch.state,
        status = batch.status,
        total_price = batch.total_price,
        delivery_cost_seller = batch.delivery_cost_seller,
        payment_mode = batch.payment_mode,
        delivery_mode = batch.delivery_mode,
        created_at = batch.created_at,
        planned_delivery_at = batch.planned_delivery_at,
        handed_over_at = coalesce(batch.handed_over_at, known.handed_over_at),
        cancellation_reason = batch.cancellation_reason,
        store_id = batch.store_id,
        city = batch.city,
        carrier = batch.carrier,
        waybill = coalesce(batch.waybill, known.waybill),
        returned_to_warehouse = batch.returned_to_warehouse,
        payload_hash = batch.payload_hash,
        fetched_at = batch.fetched_at
    from batch
    where
        known.merchant_id = batch.merchant_id
        and known.order_id = batch.order_id
        -- the same again is staged where another run waits with an older version, which must find this one newer
        and (known.payload_hash <> batch.payload_hash or known.fetched_at < batch.fetched_at)
    returning known.order_id
),

added as (
    insert into core.customer_order (
        merchant_id, order_id, code, state, status, total_price, delivery_cost_seller, payment_mode,
        delivery_mode, created_at, planned_delivery_at, handed_over_at, cancellation_reason, store_id, city,
        carrier, waybill, returned_to_warehouse, payload_hash, fetched_at
    )
    select
        batch.merchant_id,
        batch.order_id,
        batch.code,
        batch.state,
        batch.status,
        batch.total_price,
        batch.delivery_cost_seller,
        batch.payment_mode,
        batch.delivery_mode,
        batch.created_at,
        batch.planned_delivery_at,
        batch.handed_over_at,
        batch.cancellation_reason,
        batch.store_id,
        batch.city,
        batch.carrier,
        batch.waybill,
        batch.returned_to_warehouse,
        batch.payload_hash,
        batch.fetched_at
    from batch
    where
        not exists (
            select 1
            from core.customer_order as known
            where known.merchant_id = %(merchant_id)s and known.order_id = batch.order_id
        )
    returning order_id
)

select
    (select count(*) from changed)::integer as changed,
    (select count(*) from added)::integer as added;
