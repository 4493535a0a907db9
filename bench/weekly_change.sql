-- What a few hours bring to the dense weeks of the merchants: orders arrive, returns are told late, units are sold. The
-- application writes it, so the notes are written with it; of the orders the publishing of a batch notes the weeks.
with arrived as (
    update core.customer_order
    set status = 'COMPLETED'
    where
        merchant_id = any(%(merchants)s)
        and status = 'ACCEPTED_BY_MERCHANT'
        and order_id like '%%' || %(round)s || '3'
    returning merchant_id, order_id, created_at
),

seen as (
    insert into core.order_observation (merchant_id, order_id, status, state, seen_from, seen_to, episode)
    select
        merchant_id,
        order_id,
        'COMPLETED',
        'ARCHIVE',
        created_at + interval '3 days',
        created_at + interval '3 days 1 hour',
        1
    from arrived
)

insert into ops.mart_touch (merchant_id, kind, week_start, because)
select distinct
    merchant_id,
    'cohort',
    core.week_of(created_at),
    'more sales seen'
from arrived;

insert into core.return_case (
    case_id, merchant_id, order_id, return_kind, status, quantity, units_lo, units_hi, requested_from, requested_to
)
select
    md5('late' || placed.order_id)::uuid,
    placed.merchant_id,
    placed.order_id,
    'customer_return',
    'signalled',
    null,
    1,
    1,
    placed.created_at + interval '9 days',
    placed.created_at + interval '9 days 1 hour'
from core.customer_order as placed
where
    placed.merchant_id = any(%(merchants)s)
    and placed.status = 'COMPLETED'
    and placed.order_id like '%%' || %(round)s || '7'
    and placed.created_at >= %(dense_from)s
    and placed.created_at < %(dense_to)s
    and not exists (
        select 1
        from core.return_case as known
        where known.merchant_id = placed.merchant_id and known.order_id = placed.order_id
    );

update ledger.unit
set
    state = 'resold',
    seq = seq + 1,
    resold_at = %(now)s,
    closed_at = %(now)s
where
    unit_id in (
        select waiting.unit_id
        from unnest(%(merchants)s::text[]) as merchant (merchant_id)
        cross join lateral (
            select unit.unit_id
            from ledger.unit
            where
                unit.merchant_id = merchant.merchant_id
                and unit.state = 'on_sale'
                and exists (
                    select 1
                    from core.customer_order as placed
                    where
                        placed.merchant_id = unit.merchant_id
                        and placed.order_id = unit.order_id
                        and placed.created_at >= %(dense_from)s
                        and placed.created_at < %(dense_to)s
                )
            -- the same pieces in both histories, whose ids differ: by the number of the order, and by the moment
            order by md5(split_part(unit.order_id, 'o', 2)), unit.received_at
            limit 60
        ) as waiting
    );
