-- Expected for longer than the clock allows. It counts from the earliest moment the return can have begun.
select
    unit.unit_id,
    unit.seq
from ledger.unit
inner join ops.setting as setting on setting.name = 'lost_days'
where
    unit.merchant_id = %(merchant_id)s
    and unit.state in ('requested', 'in_transit', 'at_pickup_point')
    and unit.requested_at < %(now)s::timestamptz - make_interval(days => (setting.value)::text::integer)
order by unit.unit_id;
