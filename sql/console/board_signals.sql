-- Signals of a week, those that explain the rises first, the surest first.
select
    signal.merchant_id,
    signal.week_start,
    signal.category,
    signal.supplier,
    signal.batch,
    signal.sku,
    signal.reason,
    signal.city,
    signal.carrier,
    signal.rate::float8 as rate,
    signal.baseline::float8 as baseline,
    signal.q_value::float8 as q_value,
    signal.direction,
    signal.evidence,
    coalesce(signal.evidence ->> 'role', 'explains') = 'explains' as explains
from mart.signal
where
    signal.week_start = %(week)s
    and signal.merchant_id = any(%(merchants)s)
    and (signal.category = %(category)s or %(category)s::text is null)
    and (signal.supplier = %(supplier)s or %(supplier)s::text is null)
order by
    coalesce(signal.evidence ->> 'role', 'explains') = 'explains' desc,
    signal.direction = 'up' desc,
    round(signal.q_value, 3) asc,
    signal.q_value asc,
    signal.merchant_id asc,
    signal.category asc,
    signal.supplier asc,
    signal.batch asc,
    signal.sku asc,
    signal.city asc,
    signal.carrier asc,
    signal.reason asc;
