-- Which of the names of a scope the merchant's catalogue and orders know: one row a known name.
select wanted.name
from jsonb_each_text(%(scope)s::jsonb) as wanted (name, value)
where
    exists (
        select 1
        from core.product as product
        where
            product.merchant_id = %(merchant_id)s
            and wanted.value = case wanted.name
                when 'category' then product.category
                when 'supplier' then product.supplier
                when 'batch' then product.batch
                when 'sku' then product.sku
            end
    )
    or exists (
        select 1
        from core.customer_order as placed
        where
            placed.merchant_id = %(merchant_id)s
            and wanted.value = case wanted.name when 'city' then placed.city when 'carrier' then placed.carrier end
    );
