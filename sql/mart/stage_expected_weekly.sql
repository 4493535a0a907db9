-- mart.stage_expected_weekly: units by the Almaty week they first became known, and how many of them have a complete,
-- undisputed story and no decision overdue; of the weeks that this run counts anew.
insert into mart.stage_expected_weekly (
    dag_id, run_id, merchant_id, week_start, category, sku, supplier, units, reconciled
)
select
    %(dag_id)s,
    %(run_id)s,
    %(merchant_id)s,
    touch.week_start,
    counted.*
from mart.stage_touch as touch
inner join lateral (
    select
        coalesce(product.category, 'unknown') as category,
        coalesce(resale.sku, unit.sku, 'unknown') as sku,
        coalesce(product.supplier, 'unknown') as supplier,
        count(*)::integer as units,
        (
            count(*) filter (
                where (
                    unit.unit_id in (
                        select disputed.unit_id
                        from core.discrepancy as disputed
                        where disputed.merchant_id = %(merchant_id)s and disputed.status = 'open'
                    )
                    or unit.case_id in (
                        select disputed.case_id
                        from core.discrepancy as disputed
                        where disputed.merchant_id = %(merchant_id)s and disputed.status = 'open'
                    )
                    or unit.case_id in (
                        select clock.case_id
                        from core.decision_clock as clock
                        inner join ops.run on run.dag_id = %(dag_id)s and run.run_id = %(run_id)s
                        where
                            clock.merchant_id = %(merchant_id)s
                            and clock.settled_at is null
                            and clock.due_at < run.now_at
                    )
                ) is not true
            )
        )::integer as reconciled
    from ledger.unit as unit
    left join channel.resale_sku as resale
        on unit.merchant_id = resale.merchant_id and unit.sku = resale.offer_sku
    left join core.product as product
        on unit.merchant_id = product.merchant_id and product.sku = coalesce(resale.sku, unit.sku)
    where
        unit.merchant_id = %(merchant_id)s
        and least(unit.requested_at, unit.received_at) >= core.week_begin(touch.week_start)
        and least(unit.requested_at, unit.received_at) < core.week_begin(touch.week_start + 7)
    group by 1, 2, 3
) as counted on true
where
    touch.dag_id = %(dag_id)s
    and touch.run_id = %(run_id)s
    and touch.merchant_id = %(merchant_id)s
    and touch.kind = 'signal';
