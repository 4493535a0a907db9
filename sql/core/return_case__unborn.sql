-- Cases of one certain piece that no unit stands for yet. Units that a scan brought forth before count.
select
    return_case.case_id,
    return_case.order_id,
    return_case.requested_from,
    line.entry_id,
    line.sku,
    placed.store_id,
    coalesce(born.pieces, 0) + 1 as piece
from core.return_case
inner join core.customer_order as placed
    on return_case.merchant_id = placed.merchant_id and return_case.order_id = placed.order_id
inner join core.order_line as line
    on return_case.merchant_id = line.merchant_id and return_case.order_id = line.order_id
left join lateral (
    select max(unit.piece) as pieces
    from ledger.unit
    where unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
) as born on true
where
    return_case.merchant_id = %(merchant_id)s
    and return_case.quantity = 1
    and return_case.closed_at is null
    and return_case.status <> 'cancelled'
    and not exists (
        select 1
        from ledger.unit
        where unit.case_id = return_case.case_id
    )
order by return_case.requested_from, return_case.case_id;
