-- Differences of these merchants: those open now, those that were open at a moment, or those that are settled, newest
-- first. Of the open ones those past their date stand first, then those with most money. Each row says how many there
-- are and their money. With goods chosen those of their units that are in question.
with chosen as (
    select *
    from core.discrepancy
    where
        merchant_id = any(%(merchants)s)
        and status = case when %(settled)s then 'resolved' else 'open' end
        and %(known_at)s::timestamptz is null
    union all
    select *
    from core.differences_known(%(merchants)s, %(known_at)s)
    where %(known_at)s::timestamptz is not null
)

select
    chosen.discrepancy_id,
    chosen.merchant_id,
    chosen.kind,
    chosen.order_code,
    chosen.unit_id,
    chosen.subject,
    chosen.opened_at,
    chosen.due_at,
    chosen.money_at_risk,
    chosen.owner,
    chosen.status,
    chosen.resolution,
    chosen.resolved_at,
    chosen.resolved_by,
    unit.unit_label,
    unit.sku,
    coalesce(product.name, line.product_name) as product_name,
    count(*) over () as listed,
    (sum(chosen.money_at_risk) over ())::bigint as listed_money
from chosen
left join mart.unit_in_question as asked on chosen.unit_id = asked.unit_id and asked.merchant_id = any(%(merchants)s)
left join ledger.unit on chosen.unit_id = unit.unit_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
where
    (chosen.kind = %(kind)s or %(kind)s::text is null)
    and (chosen.owner = %(owner)s or %(owner)s::text is null)
    and (chosen.due_at <= %(now)s or not %(overdue)s)
    and (asked.category = %(category)s or %(category)s::text is null)
    and (asked.supplier = %(supplier)s or %(supplier)s::text is null)
order by
    case when %(settled)s then chosen.resolved_at end desc nulls last,
    coalesce(chosen.due_at <= %(now)s, false) desc,
    chosen.money_at_risk desc,
    chosen.opened_at asc,
    chosen.discrepancy_id asc
limit %(shown)s offset %(passed)s;
