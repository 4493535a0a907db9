-- Claims of these merchants in these states: what is open by deadline, what is over by when it ended. With
-- goods chosen those of their units.
select
    claim.claim_id,
    claim.unit_id,
    claim.merchant_id,
    claim.status,
    claim.tier,
    claim.amount,
    claim.due_at,
    claim.why,
    claim.missing,
    claim.notes,
    claim.changed_at,
    claim.accepted_amount,
    claim.paid_amount,
    claim.lost_because,
    unit.unit_label,
    unit.return_order_no,
    unit.sku,
    coalesce(product.name, line.product_name) as product_name
from core.claim
left join mart.unit_in_question as asked on claim.unit_id = asked.unit_id and asked.merchant_id = any(%(merchants)s)
inner join ledger.unit on claim.unit_id = unit.unit_id
left join core.product as product
    on unit.merchant_id = product.merchant_id and unit.sku = product.sku
left join core.order_line as line
    on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
where
    claim.merchant_id = any(%(merchants)s)
    and claim.status = any(%(statuses)s)
    -- goods are known of what can still be acted on
    and (
        claim.status not in ('draft', 'ready', 'sent', 'accepted')
        or (
            (asked.category = %(category)s or %(category)s::text is null)
            and (asked.supplier = %(supplier)s or %(supplier)s::text is null)
        )
    )
    -- a page goes on after the last one of the page before
    and (
        %(after)s::uuid is null
        or (
            case when claim.status in ('draft', 'ready') then claim.due_at else 'infinity' end,
            -extract(epoch from claim.changed_at),
            claim.claim_id
        )
        > (
            select
                case when last_one.status in ('draft', 'ready') then last_one.due_at else 'infinity' end,
                -extract(epoch from last_one.changed_at),
                last_one.claim_id
            from core.claim as last_one
            where last_one.claim_id = %(after)s::uuid
        )
    )
order by
    case when claim.status in ('draft', 'ready') then claim.due_at else 'infinity' end asc,
    -extract(epoch from claim.changed_at) asc,
    claim.claim_id asc
limit %(shown)s;
