-- Inspected pieces of suppliers' own goods and the supplier's defects among them, of these merchants, inspected in
-- [%(since)s, %(until)s): a row for every value of %(by)s (supplier, sku, batch, finding or month), of one supplier or
-- category where one is named.
select
    merchant_id,
    supplier,
    case %(by)s
        when 'sku' then coalesce(sku, 'unknown')
        when 'batch' then batch
        when 'finding' then coalesce(finding, 'unknown')
        when 'month' then to_char(inspected_at at time zone 'Asia/Almaty', 'YYYY-MM')
        else supplier
    end as key,
    case when %(by)s = 'sku' then max(product_name) end as name,
    count(*)::integer as inspected,
    count(fault)::integer as faults,
    count(agreed_rate)::integer as under_agreement,
    count(fault) filter (where agreed_rate is not null)::integer as faults_under_agreement,
    avg(agreed_rate) as agreed,
    count(*) filter (where open)::integer as open_units,
    coalesce(sum(unit_cost) filter (where open), 0)::bigint as open_amount,
    count(*) filter (where open and unit_cost is null)::integer as open_without_cost,
    count(claim_id)::integer as claimed
from (
    select
        merchant_id,
        supplier,
        sku,
        case when %(by)s = 'sku' then product_name end as product_name,
        batch,
        finding,
        inspected_at,
        fault,
        agreed_rate,
        unit_cost,
        claim_id,
        -- it can be claimed: claimable() of include/domain/suppliers.py
        fault is not null and claim_id is null and state not in ('resold', 'returned_to_buyer')
        and supplier <> 'unknown' as open
    from mart.supplier_piece
    where
        merchant_id = any(%(merchants)s)
        and inspected_at >= %(since)s
        and inspected_at < %(until)s
        and counted
        and (%(supplier)s::text is null or supplier = %(supplier)s)
        and (%(category)s::text is null or category = %(category)s)
) as piece
group by merchant_id, supplier, key
order by supplier = 'unknown', merchant_id, supplier, key;
