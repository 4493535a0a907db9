-- What is to be judged, one row of arrays: the units named (%(units)s), and all units of their orders, of the orders
-- named (%(orders)s) and of those of which something was reported missing. Of these: those that wait for their piece,
-- those that came and left again, those without an order, all orders, the orders of those that wait, and the lines of
-- which more than one piece came.
with named as materialized (
    select *
    from ledger.unit
    where unit.unit_id = any(%(units)s::uuid[])
),

touched as (
    select unnest(%(orders)s::text[]) as order_id
    union
    select named.order_id
    from named
    where named.order_id is not null
    union
    select placed.order_id
    from core.warehouse_event as report
    inner join core.customer_order as placed
        on report.merchant_id = placed.merchant_id and placed.code = report.payload ->> 'order_code'
    where
        report.merchant_id = %(merchant_id)s
        and report.recorded_at >= %(since)s
        and report.type = 'missing_from_parcel'
),

judged as (
    select
        unit.unit_id,
        unit.order_id,
        unit.received_at is null as waits,
        unit.received_at is not null and unit.closed_at is not null as is_gone,
        case when unit.received_at is not null and unit.piece > 1 then unit.entry_id end as entry_id
    from touched
    inner join ledger.unit on unit.merchant_id = %(merchant_id)s and touched.order_id = unit.order_id
    union all
    select
        named.unit_id,
        null as order_id,
        named.received_at is null as waits,
        named.received_at is not null and named.closed_at is not null as is_gone,
        null as entry_id
    from named
    where named.order_id is null
)

select
    coalesce(array_agg(unit_id), '{}')::text as units,
    coalesce(array_agg(unit_id) filter (where waits), '{}')::text as waiting,
    coalesce(array_agg(unit_id) filter (where is_gone), '{}')::text as gone,
    coalesce(array_agg(unit_id) filter (where order_id is null), '{}')::text as loners,
    (
        select coalesce(array_agg(touched.order_id), '{}')::text
        from touched
    ) as moved,
    coalesce(array_agg(distinct order_id) filter (where order_id is not null and waits), '{}')::text as orders,
    coalesce(array_agg(distinct entry_id) filter (where entry_id is not null), '{}')::text as lines
from judged;
