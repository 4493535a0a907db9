-- The five kinds add up to all that comes back: none is left out, none is counted twice.
select
    merchant_id,
    'kinds' as record_key,
    sum(cases) || ' cases by kind, ' || max(total) || ' in all' as detail
from (
    select
        merchant_id,
        return_kind,
        count(distinct case_id) as cases,
        (
            select count(*)
            from core.return_case as every
            where every.merchant_id = return_case.merchant_id
        ) as total
    from core.return_case
    where return_kind in ('customer_return', 'refusal', 'cancel_in_transit', 'carrier_return', 'unknown')
    group by merchant_id, return_kind
) as kinds
group by merchant_id
having sum(cases) <> max(total)
