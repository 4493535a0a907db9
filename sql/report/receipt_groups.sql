-- The receipts of some weeks as this run counts them: what it staged, and of the weeks that it did not count anew what
-- is published. By category, SKU and supplier, and all of them; merchant_id NULL is the whole house, which has no SKUs.
with cell as (
    select staged.*
    from mart.stage_receipt_weekly as staged
    where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s
    union all
    select
        %(dag_id)s,
        %(run_id)s,
        known.*
    from mart.receipt_weekly as known
    where
        not exists (
            select 1
            from mart.stage_touch as touch
            where
                touch.dag_id = %(dag_id)s
                and touch.run_id = %(run_id)s
                and touch.merchant_id = known.merchant_id
                and touch.kind = 'receipt'
                and touch.week_start = known.week_start
        )
)

select
    cell.week_start,
    cell.category,
    cell.sku,
    cell.supplier,
    sum(cell.units)::integer as units,
    sum(cell.relisted)::integer as relisted,
    string_agg(cell.routed_after, ''::bytea) as routed_after,
    string_agg(cell.unrouted_after, ''::bytea) as unrouted_after,
    string_agg(cell.unrouted_since, ''::bytea) as unrouted_since,
    string_agg(cell.sellable_after, ''::bytea) as sellable_after,
    string_agg(cell.unsellable_after, ''::bytea) as unsellable_after,
    string_agg(cell.unsellable_since, ''::bytea) as unsellable_since,
    sum(cell.proved_observed)::integer as proved_observed,
    sum(cell.proved_fetched)::integer as proved_fetched,
    sum(cell.proved_published)::integer as proved_published,
    sum(cell.resold_30)::integer as resold_30,
    sum(cell.resold_60)::integer as resold_60,
    sum(cell.valued_units)::integer as valued_units,
    sum(cell.net_price)::bigint as net_price,
    sum(cell.net_proceeds_30)::bigint as net_proceeds_30,
    sum(cell.net_proceeds_60)::bigint as net_proceeds_60,
    sum(cell.costed_units)::integer as costed_units,
    sum(cell.reverse_cost)::bigint as reverse_cost,
    sum(cell.compared_units)::integer as compared_units,
    sum(cell.compared_cost)::bigint as compared_cost,
    sum(cell.compared_price)::bigint as compared_price,
    sum(cell.closed_units)::integer as closed_units,
    sum(cell.recovered_units)::integer as recovered_units,
    sum(cell.net_recovery)::bigint as net_recovery,
    sum(cell.claims)::integer as claims,
    sum(cell.claims_amount)::bigint as claims_amount,
    sum(cell.claims_sent)::integer as claims_sent,
    sum(cell.claims_sent_amount)::bigint as claims_sent_amount,
    sum(cell.claims_lost)::integer as claims_lost,
    sum(cell.claims_lost_amount)::bigint as claims_lost_amount,
    sum(cell.claims_paid)::integer as claims_paid,
    sum(cell.claims_paid_amount)::bigint as claims_paid_amount
from cell
where
    cell.week_start = any(%(weeks)s::date[])
    and case
        when %(merchant_id)s::text is not null then cell.merchant_id = %(merchant_id)s
        else cell.merchant_id in (
            select merchant.merchant_id
            from core.merchant as merchant
            where merchant.active
        )
    end
group by
    grouping sets (
        (cell.week_start),
        (cell.week_start, cell.category),
        (cell.week_start, cell.category, cell.sku),
        (cell.week_start, cell.supplier),
        (cell.week_start, cell.category, cell.supplier)
    )
having %(merchant_id)s::text is not null or (grouping(cell.sku) = 1 and grouping(cell.supplier) = 1);
