-- ops.mart_touch: the weeks of the orders that a batch publishes; it stages none that is as it was.
insert into ops.mart_touch (merchant_id, kind, week_start, because)
select
    %(merchant_id)s,
    'cohort',
    core.week_of(read.created_at),
    'more sales seen'
from raw.stage_order as read
where read.dag_id = %(dag_id)s and read.run_id = %(run_id)s and read.merchant_id = %(merchant_id)s
union
select
    %(merchant_id)s,
    'cohort',
    core.week_of(older.created_at),
    'more sales seen'
from raw.stage_older_read as older
where older.dag_id = %(dag_id)s and older.run_id = %(run_id)s and older.merchant_id = %(merchant_id)s;
