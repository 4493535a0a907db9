-- ops.notice: one for each case that received something lately and whose buyer can be told. While nobody tried to send
-- it, it learns how many pieces there are by now; later ones are told only where the setting says so.
with rules as (
    select
        make_interval(hours => max((value #>> '{}')::integer) filter (where name = 'notice_hours')) as news,
        bool_or((value #>> '{}')::boolean) filter (where name = 'notice_later_pieces') as later_pieces
    from ops.setting
    where name in ('notice_hours', 'notice_later_pieces')
),

fresh as (
    select array_agg(distinct unit.order_id) as order_ids
    from ledger.unit_event as event
    cross join rules
    inner join ledger.unit on event.unit_id = unit.unit_id
    where
        exists (
            select 1
            from core.merchant
            where merchant.merchant_id = %(merchant_id)s and merchant.notices and merchant.active
        )
        and event.merchant_id = %(merchant_id)s
        and event.recorded_at >= %(now)s::timestamptz - rules.news
        and event.type in ('received', 'adopted')
        and unit.received_at >= %(now)s::timestamptz - rules.news
        and unit.order_id is not null
),

-- pieces of one case may come days apart: the last one makes it news
arrived as (
    select
        piece.case_id,
        count(*) as units,
        max(piece.received_at) as last_at
    from fresh
    cross join lateral core.case_piece(%(merchant_id)s, fresh.order_ids) as piece
    where piece.received_at is not null
    group by piece.case_id
),

told as (
    select distinct on (notice.case_id)
        notice.case_id,
        notice.notice_key,
        (notice.params ->> 'units')::integer as units,
        notice.status <> 'queued' or notice.attempts > 0 as is_fixed
    from arrived
    inner join ops.notice on arrived.case_id = notice.case_id
    order by notice.case_id asc, notice.notice_id desc
)

insert into ops.notice as known (
    notice_key, merchant_id, case_id, order_id, template, params, created_at, expires_at, next_try_at
)
select
    case
        when told.case_id is null then 'arrived/' || arrived.case_id
        when told.is_fixed then 'arrived/' || arrived.case_id || '/' || arrived.units
        else told.notice_key
    end as notice_key,
    return_case.merchant_id,
    return_case.case_id,
    return_case.order_id,
    'arrived' as template,
    jsonb_build_object(
        'order_code', placed.code,
        'units', arrived.units,
        'return_kind', return_case.return_kind,
        'received_on', to_char(arrived.last_at at time zone 'Asia/Almaty', 'YYYY-MM-DD')
    ) as params,
    %(now)s::timestamptz as created_at,
    arrived.last_at + rules.news as expires_at,
    %(now)s::timestamptz as next_try_at
from arrived
cross join rules
left join told on arrived.case_id = told.case_id
inner join core.return_case on arrived.case_id = return_case.case_id
inner join core.customer_order as placed
    on return_case.merchant_id = placed.merchant_id and return_case.order_id = placed.order_id
inner join core.contact
    on return_case.merchant_id = contact.merchant_id and return_case.order_id = contact.order_id
where
    arrived.last_at >= %(now)s::timestamptz - rules.news
    and (told.is_fixed is not true or (rules.later_pieces and arrived.units > told.units))
order by arrived.case_id
on conflict (notice_key) do update
    set
        params = excluded.params,
        expires_at = excluded.expires_at
    where known.status = 'queued' and known.attempts = 0 and known.params <> excluded.params;
