-- One signal, by the goods and the place that it names.
select
    reason,
    evidence
from mart.signal
where
    merchant_id = any(%(merchants)s)
    and week_start = %(week)s
    and reason = %(cause)s
    and jsonb_strip_nulls(
        jsonb_build_object(
            'category', category, 'supplier', supplier, 'batch', batch, 'sku', sku, 'city', city, 'carrier', carrier
        )
    ) = %(scope)s::jsonb;
