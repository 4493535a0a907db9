-- ops.mart_touch: the receipts of orders that a batch changes: their price and delivery are the order's.
insert into ops.mart_touch (merchant_id, kind, week_start, because)
select distinct
    %(merchant_id)s,
    'receipt',
    core.week_of(unit.received_at),
    'order changed'
from raw.stage_order as read
inner join ledger.unit as unit on unit.merchant_id = %(merchant_id)s and read.order_id = unit.order_id
where
    read.dag_id = %(dag_id)s
    and read.run_id = %(run_id)s
    and read.merchant_id = %(merchant_id)s
    and unit.received_at is not null;
