-- ops.mart_touch: the weeks of the orders that a batch publishes; it stages none that is as it was. The Monday is asked
-- for once a quarter of an hour, of which every time zone's days are made, and not once an order.
insert into ops.mart_touch (merchant_id, kind, week_start, because)
select distinct
    %(merchant_id)s,
    'cohort',
    core.week_of(placed.quarter),
    'more sales seen'
from (
    select date_bin('15 minutes', read.created_at, '2000-01-01 00:00:00+00') as quarter
    from raw.stage_order as read
    where read.dag_id = %(dag_id)s and read.run_id = %(run_id)s and read.merchant_id = %(merchant_id)s
    union
    select date_bin('15 minutes', older.created_at, '2000-01-01 00:00:00+00')
    from raw.stage_older_read as older
    where older.dag_id = %(dag_id)s and older.run_id = %(run_id)s and older.merchant_id = %(merchant_id)s
) as placed;
