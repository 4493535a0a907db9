-- Goods that were sold under a resale SKU and came back again are of their product, as in sales and signals.
create or replace view mart.supplier_piece as
select
    unit.unit_id,
    unit.merchant_id,
    coalesce(product.supplier, 'unknown') as supplier,
    coalesce(product.category, 'unknown') as category,
    coalesce(resale.sku, unit.sku) as sku,
    coalesce(product.name, line.product_name) as product_name,
    coalesce(product.batch, 'unknown') as batch,
    unit.unit_label,
    unit.return_order_no,
    placed.code as order_code,
    date_trunc('week', placed.created_at at time zone 'Asia/Almaty')::date as cohort_week,
    coalesce(return_case.return_kind, 'unknown') as return_kind,
    coalesce(unit.stated_reason, return_case.stated_reason, 'unknown') as stated_reason,
    unit.received_at,
    unit.inspected_at,
    unit.finding,
    coalesce(
        array(select jsonb_array_elements_text((core.last_inspection(unit.unit_id)).payload -> 'defects')), '{}'
    ) as defects,
    ((core.last_inspection(unit.unit_id)).payload ->> 'packaging_intact')::boolean as packaging_intact,
    unit.signs_of_use,
    -- what another inspector saw who was told nothing of this inspection
    (
        select look.finding
        from core.second_look as look
        where look.inspection_id = (core.last_inspection(unit.unit_id)).event_id and look.looked_at is not null
    ) as second_finding,
    unit.cause,
    unit.grade,
    unit.state,
    unit.route,
    coalesce(unit.finding, 'unknown') <> 'wrong_item' and unit.state <> 'wrong_item' as counted,
    -- the law is fault() of include/domain/suppliers.py; a test holds both together
    case
        when unit.state = 'wrong_item' then null
        when unit.finding = 'defective' then 'defective'
        when
            unit.finding = 'incomplete'
            and unit.signs_of_use is false
            and (
                -- the payload of core.last_inspection, without a function's cost a piece
                select (event.payload ->> 'packaging_intact')::boolean
                from ledger.effective_event as event
                where event.unit_id = unit.unit_id and event.type = 'inspected'
                order by event.seq desc
                limit 1
            )
            then 'incomplete'
    end as fault,
    product.cost as unit_cost,
    product.agreed_defect_rate as agreed_rate,
    (
        select count(*)::integer
        from core.photo
        where photo.unit_id = unit.unit_id
    ) as photos,
    claimed.claim_id
from ledger.unit as unit
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join channel.resale_sku as resale
    on unit.merchant_id = resale.merchant_id and unit.sku = resale.offer_sku
left join core.product as product
    on unit.merchant_id = product.merchant_id and coalesce(resale.sku, unit.sku) = product.sku
left join core.return_case as return_case on unit.case_id = return_case.case_id
left join core.supplier_claimed as claimed on unit.unit_id = claimed.unit_id
where unit.inspected_at is not null;
