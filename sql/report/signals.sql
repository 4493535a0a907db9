-- The signals of a week that explain the rises, the surest first; those that another one explains are left out.
select
    merchant_id,
    (
        select merchant.name from core.merchant as merchant
        where merchant.merchant_id = signal.merchant_id)
        as merchant_name,
    category,
    supplier,
    batch,
    reason,
    rate::float8 as rate,
    baseline::float8 as baseline,
    q_value::float8 as q_value,
    direction,
    (evidence ->> 'returned')::integer as returned,
    round(coalesce(evidence ->> 'could_be_back', evidence ->> 'sold')::numeric)::integer as sold,
    sku,
    city,
    carrier,
    coalesce(evidence ->> 'shape', 'at_once') as shape,
    coalesce((evidence ->> 'attributed')::boolean, true) as attributed
from mart.signal as signal
where
    week_start = %(week_start)s
    and (merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    and coalesce(evidence ->> 'role', 'explains') = 'explains'
order by
    (direction = 'up') desc,
    round(q_value, 3) asc,
    q_value asc,
    category asc,
    supplier asc,
    batch asc,
    sku asc,
    city asc,
    carrier asc,
    reason asc;
