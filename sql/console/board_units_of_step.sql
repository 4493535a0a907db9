-- Units that reached a step in a span, the first first, from behind the one shown last; each merchant's by his index.
with tariff as materialized (
    select
        merchant_id,
        warehouse,
        days,
        amounts
    from core.storage_tariff
    where merchant_id = any(%(merchants)s) and %(term)s::text = 'storage'
)

select
    one.unit_id,
    one.at
from core.merchant
cross join
    lateral (
        select
            reached.unit_id,
            reached.at
        from mart.unit_step as reached
        left join tariff on reached.merchant_id = tariff.merchant_id and reached.warehouse = tariff.warehouse
        cross join
            lateral (
                select
                    case %(term)s::text
                        when 'forward_delivery' then reached.forward_delivery
                        when 'collection' then reached.collection
                        when 'receiving' then reached.receiving
                        when 'inspection' then reached.inspection
                        when 'repair' then reached.repair
                        when 'parts' then reached.parts
                        when 'packaging' then reached.packaging
                        when 'storage'
                            then
                                case
                                    when reached.closed_at is not null then reached.storage
                                    else core.storage_cost(
                                        core.day_of(reached.received_at), %(today)s, tariff.days, tariff.amounts
                                    )
                                end
                        when 'channel_fee' then reached.channel_fee
                        when 'write_off' then reached.write_off
                        when 'compensation' then reached.compensation
                    end as amount
            ) as cost
        where
            reached.merchant_id = merchant.merchant_id
            and reached.step = %(step)s
            and reached.at >= %(begins)s
            and reached.at < %(ends)s
            and (reached.at, reached.unit_id) > (%(after)s::timestamptz, %(after_unit)s::uuid)
            and (reached.category = %(category)s or %(category)s::text is null)
            and (reached.supplier = %(supplier)s or %(supplier)s::text is null)
            and (reached.sku = %(sku)s or %(sku)s::text is null)
            and (
                %(batch)s::text is null
                or exists (
                    select 1
                    from core.product as made
                    where
                        made.merchant_id = reached.merchant_id
                        and made.sku = reached.sku
                        and made.batch = %(batch)s
                )
            )
            and (reached.cause = any(%(causes)s) or %(causes)s::text[] is null)
            and (reached.stated_reason = %(reason)s or %(reason)s::text is null)
            and (
                coalesce(%(city)s::text, %(carrier)s::text) is null
                or exists (
                    select 1
                    from ledger.unit as sent
                    inner join core.customer_order as sent_by
                        on sent.merchant_id = sent_by.merchant_id and sent.order_id = sent_by.order_id
                    where
                        sent.unit_id = reached.unit_id
                        and (sent_by.city = %(city)s or %(city)s::text is null)
                        and (sent_by.carrier = %(carrier)s or %(carrier)s::text is null)
                )
            )
            and case %(became)s::text
                when 'put_back' then reached.on_sale_at is not null
                when 'resold' then reached.state = 'resold'
                when 'ended' then reached.closed_at is not null and reached.state <> 'resold'
                when 'open' then reached.closed_at is null
                else true
            end
            and (reached.channel = %(channel)s or %(channel)s::text is null)
            and (
                %(measure)s::text is null
                or exists (
                    -- as mart.speed_weekly counts them
                    select 1
                    from (
                        values
                        ('decided', reached.decided_at, reached.closed_at),
                        (
                            'sellable',
                            case when reached.channel <> 'off_kaspi' then reached.on_sale_at end,
                            coalesce(reached.on_sale_at, reached.closed_at)
                        )
                    ) as aim (measure, at, ended_at)
                    where
                        aim.measure = %(measure)s
                        and case %(outcome)s
                            when 'reached' then core.speed_bucket(aim.at - reached.received_at) = %(bucket)s
                            when 'open' then coalesce(aim.at, aim.ended_at) is null
                            else aim.at is null and aim.ended_at is not null
                        end
                )
            )
            and case
                when %(term)s::text is null then true
                when %(known)s::text = 'no' then cost.amount is null
                else cost.amount is distinct from 0
            end
        order by reached.at, reached.unit_id
        limit %(shown)s
    ) as one
where merchant.merchant_id = any(%(merchants)s)
order by one.at, one.unit_id
limit %(shown)s;
