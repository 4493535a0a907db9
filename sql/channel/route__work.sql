-- What repairs and packing had cost a merchant by a moment, by category: tenge a piece, and how many repairs failed.
with step as (
    select
        unit.unit_id,
        coalesce(product.category, 'unknown') as category,
        event.event_id,
        event.type
    from ledger.effective_event as event
    inner join ledger.unit as unit on event.unit_id = unit.unit_id
    left join core.product as product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
    where
        event.merchant_id = %(merchant_id)s
        and event.occurred_at < %(as_of)s
        and event.type in ('in_repair', 'repaired', 'repacked', 'unrecoverable')
),

piece as (
    select
        step.unit_id,
        step.category,
        case when step.type = 'repacked' then 'packaging' else 'repair' end as kind,
        bool_or(step.type in ('repaired', 'repacked')) as done,
        bool_or(step.type = 'unrecoverable') and bool_or(step.type = 'in_repair') as failed,
        sum(cost.amount) as amount
    from step
    left join core.unit_cost as cost
        on
            step.event_id = cost.event_id
            and cost.term = any(
                case when step.type = 'repacked' then array['packaging'] else array['repair', 'parts'] end
            )
    group by step.unit_id, step.category, 3
)

select
    category,
    kind,
    count(*) filter (where done and amount is not null) as times,
    count(*) filter (where failed) as failed,
    coalesce(avg(amount) filter (where done), 0)::double precision as mean,
    coalesce(var_samp(amount) filter (where done), 0)::double precision as variance
from piece
where done or failed
group by category, kind
order by kind, category;
