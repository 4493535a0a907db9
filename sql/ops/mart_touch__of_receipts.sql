-- ops.mart_touch: the receipts of orders that a batch changes: their price and delivery are the order's.
insert into ops.mart_touch (merchant_id, kind, week_start, because)
select distinct
    %(merchant_id)s,
    'receipt',
    core.week_of(came.received_at),
    'order changed'
from raw.stage_order as read
-- by the order, however many pieces the merchant has
inner join lateral (
    select unit.received_at
    from ledger.unit
    where unit.merchant_id = %(merchant_id)s and unit.order_id = read.order_id and unit.received_at is not null
    order by unit.order_id
    offset 0
) as came on true
where
    read.dag_id = %(dag_id)s
    and read.run_id = %(run_id)s
    and read.merchant_id = %(merchant_id)s;
