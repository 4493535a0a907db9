-- mart.expected_weekly: what the gate passed replaces the touched weeks; an unchanged row is not written again.
delete from mart.expected_weekly as old
where
    old.merchant_id = %(merchant_id)s
    and old.week_start = any(
        array(
            select touch.week_start
            from mart.stage_touch as touch
            where
                touch.dag_id = %(dag_id)s
                and touch.run_id = %(run_id)s
                and touch.merchant_id = %(merchant_id)s
                and touch.kind = 'signal'
        )
    )
    and not exists (
        select 1
        from mart.stage_expected_weekly as new
        where
            new.dag_id = %(dag_id)s
            and new.run_id = %(run_id)s
            and new.merchant_id = old.merchant_id
            and new.week_start = old.week_start
            and new.category = old.category
            and new.sku = old.sku
            and new.supplier = old.supplier
    );

insert into mart.expected_weekly as old (
    merchant_id, week_start, category, sku, supplier, units, reconciled
)
select
    merchant_id,
    week_start,
    category,
    sku,
    supplier,
    units,
    reconciled
from mart.stage_expected_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict (merchant_id, week_start, category, sku, supplier) do update
    set
        units = excluded.units,
        reconciled = excluded.reconciled
    where
    (
        old.units, old.reconciled
    )
    is distinct from (
        excluded.units, excluded.reconciled
    );
