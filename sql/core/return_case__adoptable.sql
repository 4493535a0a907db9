-- Unexpected units whose scan named an order that a case is open for now, one unit a free piece of the line.
with wanted as (
    select
        return_case.case_id,
        line.order_id,
        line.entry_id,
        line.sku,
        placed.code,
        placed.waybill,
        line.quantity,
        coalesce(max(unit.piece), 0) as born
    from core.return_case
    inner join core.customer_order as placed
        on return_case.merchant_id = placed.merchant_id and return_case.order_id = placed.order_id
    inner join core.order_line as line
        on return_case.merchant_id = line.merchant_id and return_case.order_id = line.order_id
    left join ledger.unit on line.merchant_id = unit.merchant_id and line.entry_id = unit.entry_id
    where
        return_case.merchant_id = %(merchant_id)s
        and return_case.closed_at is null
        and return_case.status <> 'cancelled'
    group by
        return_case.case_id, line.order_id, line.entry_id, line.sku, placed.code, placed.waybill, line.quantity
),

waiting as (
    select
        unit.unit_id,
        unit.sku,
        scan.payload ->> 'order_code' as order_code,
        scan.payload ->> 'waybill' as waybill,
        split_part(scan.payload ->> 'return_label', '-', 1) as label_code
    from ledger.unit
    inner join core.warehouse_event as scan on unit.unit_id = scan.unit_id and scan.type = 'received'
    where unit.merchant_id = %(merchant_id)s and unit.state = 'unexpected'
),

paired as (
    select
        waiting.unit_id,
        wanted.case_id,
        wanted.order_id,
        wanted.entry_id,
        wanted.sku,
        wanted.quantity,
        wanted.born + row_number() over (partition by wanted.entry_id order by waiting.unit_id) as piece,
        row_number() over (partition by waiting.unit_id order by wanted.case_id) as choice
    from waiting
    inner join wanted
        on
            waiting.sku = wanted.sku
            and wanted.code in (waiting.order_code, waiting.label_code)
)

select
    unit_id,
    case_id,
    order_id,
    entry_id,
    sku,
    piece::integer as piece
from paired
where choice = 1 and piece <= quantity
order by unit_id;
