-- Units by the Almaty week they first became known, and how many of them have a complete, undisputed story.
with open_case as (
    select
        merchant_id,
        case_id,
        unit_id
    from core.discrepancy
    where status = 'open'
)

select
    coalesce(product.category, 'unknown') as category,
    date_trunc('week', least(unit.requested_at, unit.received_at) at time zone 'Asia/Almaty')::date as week_start,
    count(*)::integer as units,
    count(*) filter (
        where not exists (
            select 1
            from open_case
            where
                open_case.merchant_id = unit.merchant_id
                and (open_case.unit_id = unit.unit_id or open_case.case_id = unit.case_id)
        )
    )::integer as reconciled
from ledger.unit as unit
left join core.product as product
    on unit.merchant_id = product.merchant_id and unit.sku = product.sku
where
    (unit.merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    and least(unit.requested_at, unit.received_at) >= (%(weeks_from)s)::timestamp at time zone 'Asia/Almaty'
    and least(unit.requested_at, unit.received_at) < (%(weeks_to)s)::timestamp at time zone 'Asia/Almaty'
group by 1, 2;
