select
    (
        select count(distinct stage_order.order_id)
        from raw.stage_order
        where
            stage_order.dag_id = %(dag_id)s
            and stage_order.run_id = %(run_id)s
            and stage_order.merchant_id = %(merchant_id)s
    ) as orders,
    (
        select count(distinct quarantine.record_key)
        from ops.quarantine
        inner join ops.run on quarantine.last_seen = run.now_at
        where
            run.dag_id = %(dag_id)s
            and run.run_id = %(run_id)s
            and quarantine.merchant_id = %(merchant_id)s
            and quarantine.source = 'kaspi/order'
            and not ops.judged_in_vain(quarantine.id, run.now_at)
    ) as rejected;
