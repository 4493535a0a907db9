-- Units by the week of their first sign, and those without an open question, as this run counts them: by category, SKU
-- and supplier, and all of them; merchant_id NULL is the whole house, which has no SKUs.
with cell as (
    select
        staged.merchant_id,
        staged.week_start,
        staged.category,
        staged.sku,
        staged.supplier,
        staged.units,
        staged.reconciled
    from mart.stage_expected_weekly as staged
    where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s
    union all
    select
        known.merchant_id,
        known.week_start,
        known.category,
        known.sku,
        known.supplier,
        known.units,
        known.reconciled
    from mart.expected_weekly as known
    where
        not exists (
            select 1
            from mart.stage_touch as touch
            where
                touch.dag_id = %(dag_id)s
                and touch.run_id = %(run_id)s
                and touch.merchant_id = known.merchant_id
                and touch.kind = 'signal'
                and touch.week_start = known.week_start
        )
)

select
    cell.week_start,
    cell.category,
    cell.sku,
    cell.supplier,
    sum(cell.units)::integer as units,
    sum(cell.reconciled)::integer as reconciled
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
