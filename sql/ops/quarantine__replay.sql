-- Let records be judged again: all open ones of a source, or the named ones, those dismissed or replayed in vain a day
-- ago included.
-- What came without an id of its own cannot be asked for, nor an event again that broke the contract: they are judged
-- from the record as it came, and stay open where it is not kept. So does what the ledger refused and no warehouse
-- event told.
with named as (
    select
        id,
        record_key,
        left(payload #>> '{order,attributes,code}', 100) as code,
        exists(
            select 1
            from raw.application
            where
                %(kind)s = 'order'
                and application.merchant_id = quarantine.merchant_id
                and application.application_number = regexp_replace(quarantine.record_key, '#[^#]*$', '')
                and application.application_number || '#' || left(encode(application.row_hash, 'hex'), 16)
                = quarantine.record_key
        ) as is_application,
        -- the ledger's own refusals name a unit, those before it a warehouse event
        case when source like 'ledger/wms/%%' then (payload ->> 'unit_id')::uuid end as unit_id
    from ops.quarantine
    where
        merchant_id = %(merchant_id)s
        and source = %(source)s
        and (
            (%(ids)s::bigint[] is null and status = 'open')
            or (
                id = any(%(ids)s::bigint[])
                and (
                    status in ('open', 'dismissed')
                    or (status = 'replayed' and replayed_at < %(now)s::timestamptz - interval '1 day')
                )
            )
        )
    order by id
    for update
),

-- a unit's refused events are judged together: one may wait for the other
told as (
    select
        named.id,
        event.source,
        event.event_id
    from named
    inner join core.warehouse_event as event
        on
            event.merchant_id = %(merchant_id)s
            and event.source = regexp_replace(%(source)s, '^ledger/(wms/)?', '')
            and event.outcome in ('rejected', 'waiting')
            and (named.record_key = event.event_id or named.unit_id = event.unit_id)
    where %(kind)s = 'ledger'
),

chosen as (
    select *
    from named
    where case %(kind)s
        when 'ledger' then id in (select told.id from told)
        else ops.is_at_hand(%(merchant_id)s, %(source)s, record_key)
    end
),

-- an unchanged payload would not be staged again
forgotten as (
    delete from raw.refused_order
    using chosen
    where
        %(kind)s = 'order'
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
    where
        %(kind)s = 'order'
        and not chosen.is_application
        and chosen.record_key not like 'unnamed %%'
        and chosen.record_key <> 'None'
    group by chosen.record_key
    on conflict (merchant_id, order_id) do update
        set
            code = coalesce(excluded.code, reread.code),
            asked_at = excluded.asked_at,
            asked_by = excluded.asked_by
),

released_applications as (
    update raw.application
    set quarantined = false
    from chosen
    where
        chosen.is_application
        and application.quarantined
        and application.merchant_id = %(merchant_id)s
        and application.application_number = regexp_replace(chosen.record_key, '#[^#]*$', '')
        and application.application_number || '#' || left(encode(application.row_hash, 'hex'), 16) = chosen.record_key
),

unbooked as (
    update core.warehouse_event
    set
        booked_at = null,
        outcome = null
    from told
    where warehouse_event.source = told.source and warehouse_event.event_id = told.event_id
),

released as (
    update raw.wms_event
    set quarantined = false
    from chosen
    where
        %(kind)s = 'event'
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
set
    status = 'replayed',
    replayed_at = %(now)s
from chosen
where quarantine.id = chosen.id;
