-- Inspected pieces of suppliers' own goods and the supplier's defects among them, of these merchants, inspected in
-- [%(since)s, %(until)s), of one supplier or category where one is named: a row a merchant and supplier.
with piece as materialized ( -- whose defect it is is told once a piece
    select
        merchant_id,
        supplier,
        state,
        fault,
        agreed_rate,
        unit_cost,
        claim_id
    from mart.supplier_piece
    where
        merchant_id = any(%(merchants)s)
        and inspected_at >= %(since)s
        and inspected_at < %(until)s
        and counted
        and unit_id <> all(%(hidden)s::uuid[])
        and (%(supplier)s::text is null or supplier = %(supplier)s)
        and (%(category)s::text is null or category = %(category)s)
),

told as (
    select
        piece.*,
        -- it can be claimed: not_claimable() of include/domain/suppliers.py
        fault is not null
        and claim_id is null
        and state not in ('resold', 'returned_to_buyer')
        and supplier <> 'unknown' as is_open
    from piece
)

select
    merchant_id,
    supplier,
    count(*)::integer as inspected,
    count(fault)::integer as faults,
    count(agreed_rate)::integer as under_agreement,
    count(fault) filter (where agreed_rate is not null)::integer as faults_under_agreement,
    avg(agreed_rate) as agreed,
    count(*) filter (where is_open)::integer as open_units,
    coalesce(sum(unit_cost) filter (where is_open), 0)::bigint as open_amount,
    count(*) filter (where is_open and unit_cost is null)::integer as open_without_cost,
    count(claim_id)::integer as claimed
from told
group by merchant_id, supplier;
