-- mart.receipt_weekly: what the gate passed replaces the touched weeks; an unchanged row is not written again.
delete from mart.receipt_weekly as old
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
                and touch.kind = 'receipt'
        )
    )
    and not exists (
        select 1
        from mart.stage_receipt_weekly as new
        where
            new.dag_id = %(dag_id)s
            and new.run_id = %(run_id)s
            and new.merchant_id = old.merchant_id
            and new.week_start = old.week_start
            and new.category = old.category
            and new.sku = old.sku
            and new.supplier = old.supplier
    );

insert into mart.receipt_weekly as old (
    merchant_id, week_start, category, sku, supplier, units, open_units, waiting_since, longest_after, relisted,
    routed_after, unrouted_after, unrouted_since, sellable_after, unsellable_after, unsellable_since, proved_observed,
    proved_fetched, proved_published, resold_30, resold_60, valued_units, net_price, net_proceeds_30,
    net_proceeds_60, costed_units, reverse_cost, compared_units, compared_cost, compared_price, closed_units,
    recovered_units, net_recovery, claims, claims_amount, claims_sent, claims_sent_amount, claims_lost,
    claims_lost_amount, claims_paid, claims_paid_amount
)
select
    merchant_id,
    week_start,
    category,
    sku,
    supplier,
    units,
    open_units,
    waiting_since,
    longest_after,
    relisted,
    routed_after,
    unrouted_after,
    unrouted_since,
    sellable_after,
    unsellable_after,
    unsellable_since,
    proved_observed,
    proved_fetched,
    proved_published,
    resold_30,
    resold_60,
    valued_units,
    net_price,
    net_proceeds_30,
    net_proceeds_60,
    costed_units,
    reverse_cost,
    compared_units,
    compared_cost,
    compared_price,
    closed_units,
    recovered_units,
    net_recovery,
    claims,
    claims_amount,
    claims_sent,
    claims_sent_amount,
    claims_lost,
    claims_lost_amount,
    claims_paid,
    claims_paid_amount
from mart.stage_receipt_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
on conflict (merchant_id, week_start, category, sku, supplier) do update
    set
        units = excluded.units,
        open_units = excluded.open_units,
        waiting_since = excluded.waiting_since,
        longest_after = excluded.longest_after,
        relisted = excluded.relisted,
        routed_after = excluded.routed_after,
        unrouted_after = excluded.unrouted_after,
        unrouted_since = excluded.unrouted_since,
        sellable_after = excluded.sellable_after,
        unsellable_after = excluded.unsellable_after,
        unsellable_since = excluded.unsellable_since,
        proved_observed = excluded.proved_observed,
        proved_fetched = excluded.proved_fetched,
        proved_published = excluded.proved_published,
        resold_30 = excluded.resold_30,
        resold_60 = excluded.resold_60,
        valued_units = excluded.valued_units,
        net_price = excluded.net_price,
        net_proceeds_30 = excluded.net_proceeds_30,
        net_proceeds_60 = excluded.net_proceeds_60,
        costed_units = excluded.costed_units,
        reverse_cost = excluded.reverse_cost,
        compared_units = excluded.compared_units,
        compared_cost = excluded.compared_cost,
        compared_price = excluded.compared_price,
        closed_units = excluded.closed_units,
        recovered_units = excluded.recovered_units,
        net_recovery = excluded.net_recovery,
        claims = excluded.claims,
        claims_amount = excluded.claims_amount,
        claims_sent = excluded.claims_sent,
        claims_sent_amount = excluded.claims_sent_amount,
        claims_lost = excluded.claims_lost,
        claims_lost_amount = excluded.claims_lost_amount,
        claims_paid = excluded.claims_paid,
        claims_paid_amount = excluded.claims_paid_amount
    where old is distinct from excluded;
