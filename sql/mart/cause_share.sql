-- mart.cause_share: one merchant's week, replaced as a whole (a handful of rows).
delete from mart.cause_share
where merchant_id = %(merchant_id)s and week_start = %(week_start)s;

insert into mart.cause_share (merchant_id, week_start, cause, received, inspected, stated, value, lo, hi)
select
    merchant_id,
    week_start,
    cause,
    received,
    inspected,
    stated,
    value,
    lo,
    hi
from mart.stage_cause_share
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;
