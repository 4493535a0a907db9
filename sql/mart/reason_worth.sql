-- mart.reason_worth: one merchant's week, replaced as a whole (a handful of rows).
delete from mart.reason_worth
where merchant_id = %(merchant_id)s and week_start = %(week_start)s;

insert into mart.reason_worth (merchant_id, week_start, reason, inspected, confirmed, share, lo, hi, mostly)
select
    merchant_id,
    week_start,
    reason,
    inspected,
    confirmed,
    share,
    lo,
    hi,
    mostly
from mart.stage_reason_worth
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;
