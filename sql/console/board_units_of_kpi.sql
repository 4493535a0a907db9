-- Units that a KPI of a week of receipts stands on, the first first, from behind the one shown last; each with the sums
-- of all of them. Marked are those that its numerator counts, amount and base are its money. As mart.receipt_weekly
-- counts them; the storage of units that were still here is up to the day of the KPI.
with tariff as materialized (
    select
        merchant_id,
        warehouse,
        days,
        amounts
    from core.storage_tariff
    where merchant_id = any(%(merchants)s)
),

fee as materialized (
    select
        merchant_id,
        warehouse,
        channel,
        days,
        permilles
    from core.channel_fee_tariff
    where merchant_id = any(%(merchants)s)
),

received as materialized (
    select
        place.unit_id,
        place.received_at as at,
        left_over.proceeds,
        case
            when unit.resold_at is null or left_over.proceeds is not null
                then
                    line.base_price
                    - (
                        line.base_price * fee.permilles[width_bucket(core.day_of(placed.created_at), fee.days)] + 999
                    ) / 1000
        end as net_price,
        unit.resold_at - place.received_at <= make_interval(days => %(horizon)s) as resold,
        line.base_price as price,
        claim.paid_amount,
        claim.status in ('sent', 'accepted', 'rejected', 'paid') as claim_sent,
        claim.lost_because <> 'known_too_late' as claim_lost,
        case when claim.status <> 'withdrawn' then coalesce(claim.amount, 0) end as claimable,
        place.forward_delivery + place.collection + place.receiving + place.inspection + place.repair + place.parts
        + place.packaging + kept.storage + place.channel_fee + place.write_off - place.compensation as cost,
        case
            when unit.closed_at is not null
                then
                    case when unit.state = 'resold' then unit.resale_price else 0 end
                    - place.channel_fee - place.repair - place.parts - place.packaging - place.receiving
                    - place.inspection - kept.storage
        end as recovered,
        unit.on_sale_at is not null
        or exists (
            select 1
            from channel.addition
            where addition.unit_id = unit.unit_id and addition.published_at is not null
        ) as put_back
    from mart.unit_place as place
    inner join ledger.unit on place.unit_id = unit.unit_id
    left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
    left join core.customer_order as placed
        on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
    left join channel.resale_sku as resale
        on unit.merchant_id = resale.merchant_id and unit.sku = resale.offer_sku
    left join fee
        on
            place.merchant_id = fee.merchant_id
            and coalesce(place.warehouse, '') = fee.warehouse
            and case when resale.sku is null then 'main' else 'resale' end = fee.channel
    left join core.claim on unit.unit_id = claim.unit_id
    left join tariff on place.merchant_id = tariff.merchant_id and place.warehouse = tariff.warehouse
    cross join
        lateral (
            values (
                case
                    when core.day_of(place.closed_at) <= %(day)s then place.storage
                    else core.storage_cost(core.day_of(place.received_at), %(day)s, tariff.days, tariff.amounts)
                end
            )
        ) as kept (storage)
    -- what a sale leaves
    cross join
        lateral (
            values (case when unit.state = 'resold' then unit.resale_price - place.channel_fee end)
        ) as left_over (proceeds)
    where
        place.merchant_id = any(%(merchants)s)
        and place.received_at >= %(begins)s
        and place.received_at < %(ends)s
        and (place.category = %(category)s or %(category)s::text is null)
        and (place.supplier = %(supplier)s or %(supplier)s::text is null)
        and (place.sku = %(sku)s or %(sku)s::text is null)
),

listed as materialized (
    select
        unit_id as key,
        at,
        case %(kpi)s
            when 'relisted_share' then put_back
            when 'resale_share' then coalesce(resold, false)
            when 'resale_share_value' then coalesce(resold, false)
        end as marked,
        case %(kpi)s
            when 'resale_share_value' then case when resold then proceeds end
            when 'reverse_logistics_cost' then cost
            when 'reverse_logistics_cost_share' then cost
            when 'net_recovery' then recovered
            when 'claims_paid' then paid_amount
            else claimable
        end as amount,
        case when %(kpi)s = 'resale_share_value' then net_price else price end as base
    from received
    where
        case %(kpi)s
            when 'resale_share_value' then net_price is not null
            when 'reverse_logistics_cost' then cost is not null
            when 'reverse_logistics_cost_share' then cost is not null and price > 0
            when 'net_recovery' then recovered is not null
            when 'claims' then claimable is not null
            when 'claims_sent' then claimable is not null and claim_sent
            when 'claims_lost' then claimable is not null and claim_lost
            when 'claims_paid' then claimable is not null and paid_amount > 0
            else true
        end
),

total as (
    select
        count(*)::bigint as all_units,
        (count(*) filter (where marked))::bigint as all_marked,
        coalesce(sum(amount), 0)::bigint as all_amount,
        coalesce(sum(base), 0)::bigint as all_base
    from listed
),

page as (
    select
        listed.key,
        listed.at,
        listed.marked,
        listed.amount,
        listed.base
    from listed
    where
        (listed.at, listed.key) > (%(after)s::timestamptz, %(after_key)s::uuid)
        and (listed.marked = (%(part)s = 'yes') or %(part)s::text is null)
    order by listed.at, listed.key
    limit %(shown)s
)

select
    page.key,
    page.at,
    page.marked,
    page.amount,
    page.base,
    total.all_units,
    total.all_marked,
    total.all_amount,
    total.all_base
from total
left join page on true
order by page.at, page.key;
