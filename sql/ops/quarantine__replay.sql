-- Let records be judged again: all open ones of a source, or the named ones, dismissed ones included.
-- What came without an id of its own (only its window is known) cannot be asked for and stays open.
with chosen as (
    select
        id,
        record_key,
        left(payload #>> '{order,attributes,code}', 100) as code
    from ops.quarantine
    where
        merchant_id = %(merchant_id)s
        and source = %(source)s
        and (
            (%(ids)s::bigint[] is null and status = 'open')
            or (id = any(%(ids)s::bigint[]) and status in ('open', 'dismissed'))
        )
        and not (%(orders)s and (record_key like 'unnamed %%' or record_key = 'None'))
    order by id
    for update
),

-- an unchanged payload would not be staged again
forgotten as (
    delete from raw.refused_order
    using chosen
    where
        %(orders)s
        and refused_order.merchant_id = %(merchant_id)s
        and refused_order.order_id = chosen.record_key
),

-- and an order older than the sweeps would not even be read
asked as (
    insert into ops.reread (merchant_id, order_id, code, asked_at, asked_by)
    select
        %(merchant_id)s,
        chosen.record_key,
        coalesce(
            max(chosen.code),
            max(customer_order.code),
            max(left(order_payload.payload #>> '{order,attributes,code}', 100))
        ),
        %(now)s,
        %(actor)s
    from chosen
    left join core.customer_order
        on customer_order.merchant_id = %(merchant_id)s and chosen.record_key = customer_order.order_id
    left join raw.order_payload
        on order_payload.merchant_id = %(merchant_id)s and chosen.record_key = order_payload.order_id
    where %(orders)s
    group by chosen.record_key
    on conflict (merchant_id, order_id) do update
        set
            code = coalesce(excluded.code, reread.code),
            asked_at = excluded.asked_at,
            asked_by = excluded.asked_by
),

released as (
    update raw.wms_event
    set quarantined = false
    from chosen
    where
        not %(orders)s
        and wms_event.quarantined
        and wms_event.merchant_id = %(merchant_id)s
        and wms_event.source || '/' || wms_event.event_id = chosen.record_key
),

logged as (
    insert into ops.quarantine_action (quarantine_id, action, actor, at)
    select
        id,
        'replayed',
        %(actor)s,
        %(now)s
    from chosen
)

update ops.quarantine
set status = 'replayed'
from chosen
where quarantine.id = chosen.id;
