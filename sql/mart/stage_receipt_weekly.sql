-- mart.stage_receipt_weekly: the units received in the weeks that this run counts anew, summed by goods.
insert into mart.stage_receipt_weekly (
    dag_id, run_id, merchant_id, week_start, category, sku, supplier,
    units, open_units, waiting_since, longest_after, relisted,
    routed_after, unrouted_after, unrouted_since, sellable_after, unsellable_after, unsellable_since,
    proved_observed, proved_fetched, proved_published,
    resold_30, resold_60, valued_units, net_price, net_proceeds_30, net_proceeds_60,
    costed_units, reverse_cost, compared_units, compared_cost, compared_price,
    closed_units, recovered_units, net_recovery,
    claims, claims_amount, claims_sent, claims_sent_amount, claims_lost, claims_lost_amount,
    claims_paid, claims_paid_amount
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
        received.category,
        received.sku,
        received.supplier,
        count(*)::integer as units,
        (count(*) filter (where received.closed_after is null))::integer as open_units,
        max(received.received_at) filter (
            where received.closed_after is null and (received.routed_after is null or received.sale_after is null)
        ) as waiting_since,
        max(greatest(received.routed_after, received.sale_after, received.closed_after)) as longest_after,
        (count(*) filter (where received.on_sale_after is not null))::integer as relisted,
        coalesce(
            string_agg(float8send(received.routed_after), ''::bytea order by received.routed_after), ''::bytea
        ) as routed_after,
        -- a unit that ended without a route never will have one
        coalesce(
            string_agg(float8send(received.closed_after), ''::bytea order by received.closed_after)
            filter (where received.routed_after is null),
            ''::bytea
        ) as unrouted_after,
        coalesce(
            string_agg(float8send(received.since), ''::bytea order by received.since)
            filter (where received.routed_after is null and received.closed_after is null),
            ''::bytea
        ) as unrouted_since,
        coalesce(
            string_agg(float8send(received.sale_after), ''::bytea order by received.sale_after)
            filter (where received.channel is distinct from 'off_kaspi'),
            ''::bytea
        ) as sellable_after,
        -- the merchant's own outlet and every other end compete with being on sale on Kaspi
        coalesce(
            string_agg(float8send(received.other_end_after), ''::bytea order by received.other_end_after),
            ''::bytea
        ) as unsellable_after,
        coalesce(
            string_agg(float8send(received.since), ''::bytea order by received.since)
            filter (where received.sale_after is null and received.closed_after is null),
            ''::bytea
        ) as unsellable_since,
        (count(*) filter (where received.proof = 'observed'))::integer as proved_observed,
        (count(*) filter (where received.proof = 'fetched'))::integer as proved_fetched,
        (count(*) filter (where received.proof = 'published'))::integer as proved_published,
        (count(*) filter (where received.resold_after <= 30 * 86400))::integer as resold_30,
        (count(*) filter (where received.resold_after <= 60 * 86400))::integer as resold_60,
        count(received.net_price)::integer as valued_units,
        coalesce(sum(received.net_price), 0)::bigint as net_price,
        coalesce(
            sum(received.net_proceeds) filter (
                where received.resold_after <= 30 * 86400 and received.net_price is not null
            ),
            0
        )::bigint as net_proceeds_30,
        coalesce(
            sum(received.net_proceeds) filter (
                where received.resold_after <= 60 * 86400 and received.net_price is not null
            ),
            0
        )::bigint as net_proceeds_60,
        count(received.reverse_cost)::integer as costed_units,
        coalesce(sum(received.reverse_cost), 0)::bigint as reverse_cost,
        (count(received.reverse_cost) filter (where received.original_price > 0))::integer as compared_units,
        coalesce(sum(received.reverse_cost) filter (where received.original_price > 0), 0)::bigint as compared_cost,
        coalesce(sum(received.original_price) filter (where received.reverse_cost is not null), 0)::bigint
            as compared_price,
        count(received.closed_after)::integer as closed_units,
        (count(received.net_recovery) filter (where received.closed_after is not null))::integer as recovered_units,
        coalesce(sum(received.net_recovery) filter (where received.closed_after is not null), 0)::bigint
            as net_recovery,
        count(received.claimable)::integer as claims,
        coalesce(sum(received.claimable), 0)::bigint as claims_amount,
        (count(received.claimable) filter (where received.claim_sent))::integer as claims_sent,
        coalesce(sum(received.claimable) filter (where received.claim_sent), 0)::bigint as claims_sent_amount,
        (count(received.claimable) filter (where received.claim_lost))::integer as claims_lost,
        coalesce(sum(received.claimable) filter (where received.claim_lost), 0)::bigint as claims_lost_amount,
        (count(received.claimable) filter (where received.paid_amount > 0))::integer as claims_paid,
        coalesce(sum(received.paid_amount) filter (where received.claimable is not null), 0)::bigint
            as claims_paid_amount
    from (
        select
            unit.category,
            coalesce(unit.sku, 'unknown') as sku,
            unit.supplier,
            unit.channel,
            unit.received_at,
            unit.original_price,
            unit.net_proceeds,
            -- a sale of which nobody knows what it left says nothing of the piece's value
            case
                when unit.resold_at is null or unit.net_proceeds is not null then unit.original_net_price
            end as net_price,
            unit.reverse_cost,
            unit.net_recovery,
            claim.paid_amount,
            claim.status in ('sent', 'accepted', 'rejected', 'paid') as claim_sent,
            claim.lost_because <> 'known_too_late' as claim_lost,
            case when claim.status <> 'withdrawn' then coalesce(claim.amount, 0) end as claimable,
            extract(epoch from unit.received_at)::float8 as since,
            extract(epoch from unit.routed_at - unit.received_at)::float8 as routed_after,
            extract(epoch from sale.at - unit.received_at)::float8 as on_sale_after,
            extract(epoch from coalesce(sale.at, unit.resold_at) - unit.received_at)::float8 as sale_after,
            case
                when coalesce(sale.at, unit.resold_at) is null
                    then extract(epoch from unit.closed_at - unit.received_at)::float8
                when unit.channel = 'off_kaspi'
                    then extract(epoch from coalesce(sale.at, unit.resold_at) - unit.received_at)::float8
            end as other_end_after,
            extract(epoch from unit.resold_at - unit.received_at)::float8 as resold_after,
            extract(epoch from unit.closed_at - unit.received_at)::float8 as closed_after,
            case when sale.at is not null then coalesce(first_addition.proof, 'published') end as proof
        from mart.unit as unit
        left join core.claim as claim on unit.unit_id = claim.unit_id
        left join lateral (
            select
                coalesce(addition.observed_at, addition.fetched_at, addition.published_at) as at,
                case
                    when addition.observed_at is not null then 'observed'
                    when addition.fetched_at is not null then 'fetched'
                    else 'published'
                end as proof
            from channel.addition as addition
            where addition.unit_id = unit.unit_id and addition.published_at is not null
            order by addition.decision_seq
            limit 1
        ) as first_addition on true
        inner join lateral (
            select coalesce(first_addition.at, unit.on_sale_at) as at
        ) as sale on true
        where unit.merchant_id = %(merchant_id)s
    ) as received
    where
        received.received_at >= core.week_begin(touch.week_start)
        and received.received_at < core.week_begin(touch.week_start + 7)
    group by received.category, received.sku, received.supplier
) as counted on true
where
    touch.dag_id = %(dag_id)s
    and touch.run_id = %(run_id)s
    and touch.merchant_id = %(merchant_id)s
    and touch.kind = 'receipt';
