-- Pieces of customers' returns received up to %(week_end)s, and the order lines they are of: stated reason, cause where
-- inspected, and whether they came in the week from %(week_start)s on. NULL cause: nobody has looked yet.
select
    coalesce(unit.stated_reason, return_case.stated_reason, 'unknown') as reason,
    case when unit.inspected_at < %(week_end)s then unit.cause end as cause,
    unit.received_at >= %(week_start)s as of_week,
    count(*)::integer as pieces,
    count(distinct row(unit.case_id, unit.entry_id))::integer as lines
from ledger.unit as unit
inner join core.return_case as return_case on unit.case_id = return_case.case_id
where
    unit.merchant_id = %(merchant_id)s
    and return_case.return_kind = 'customer_return'
    and unit.received_at >= %(learned_from)s
    and unit.received_at < %(week_end)s
group by 1, 2, 3;
