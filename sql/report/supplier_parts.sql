-- Inspected pieces of one supplier's own goods and his defects among them, inspected in [%(since)s, %(until)s), of one
-- category where one is named: a row a product, a batch, a finding and a month of inspection, each from all of them.
with piece as materialized (
    select
        coalesce(sku, 'unknown') as sku,
        batch,
        coalesce(finding, 'unknown') as finding,
        to_char(inspected_at at time zone 'Asia/Almaty', 'YYYY-MM') as inspected_in,
        product_name,
        fault,
        agreed_rate
    from mart.supplier_piece
    where
        merchant_id = %(merchant_id)s
        and supplier = %(supplier)s
        and inspected_at >= %(since)s
        and inspected_at < %(until)s
        and counted
        and unit_id <> all(%(hidden)s::uuid[])
        and (%(category)s::text is null or category = %(category)s)
)

select
    case
        when grouping(sku) = 0 then 'sku'
        when grouping(batch) = 0 then 'batch'
        when grouping(finding) = 0 then 'finding'
        else 'month'
    end as part,
    coalesce(sku, batch, finding, inspected_in) as key,
    case when grouping(sku) = 0 then max(product_name) end as name,
    count(*)::integer as inspected,
    count(fault)::integer as faults,
    avg(agreed_rate) as agreed
from piece
group by grouping sets ((sku), (batch), (finding), (inspected_in))
order by part, key;
