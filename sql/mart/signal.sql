-- mart.signal: the signals of one merchant's week, replaced as a whole (a week has a handful).
delete from mart.signal
where merchant_id = %(merchant_id)s and week_start = %(week_start)s;

insert into mart.signal (
    merchant_id, week_start, category, sku, supplier, batch, reason, city, carrier,
    rate, baseline, q_value, direction, evidence
)
select
    merchant_id,
    week_start,
    category,
    sku,
    supplier,
    batch,
    reason,
    city,
    carrier,
    rate,
    baseline,
    q_value,
    direction,
    evidence
from mart.stage_signal
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;
