-- Signals of a week, those that explain the rises first, the surest first. With goods chosen those that any of them
-- lies in, by whatever name: a SKU of the category, a city to which it goes.
with goods as materialized (
    select
        merchant_id,
        category,
        supplier,
        batch,
        sku
    from core.product
    where
        merchant_id = any(%(merchants)s)
        and (%(category)s::text is not null or %(supplier)s::text is not null)
        and (category = %(category)s or %(category)s::text is null)
        and (supplier = %(supplier)s or %(supplier)s::text is null)
)

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
    and (
        coalesce(%(category)s::text, %(supplier)s::text) is null
        or exists (
            select 1
            from goods
            where
                goods.merchant_id = signal.merchant_id
                and (signal.category is null or signal.category = goods.category)
                and (signal.supplier is null or signal.supplier = goods.supplier)
                and (signal.batch is null or signal.batch = goods.batch)
                and (signal.sku is null or signal.sku = goods.sku)
        )
    )
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
