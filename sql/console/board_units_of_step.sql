-- Units that reached a step in a span, the first first, from behind the one shown last; each merchant's by his index.
with tariff as materialized (
    select
        merchant_id,
        warehouse,
        days,
        amounts
    from core.storage_tariff
    where merchant_id = any(%(merchants)s) and 'storage' = any(%(terms)s::text[])
)

select
    one.unit_id as key,
    one.at
from core.merchant
cross join
    lateral (
        select
            reached.unit_id,
            reached.at
        from mart.unit_step as reached
        left join tariff on reached.merchant_id = tariff.merchant_id and reached.warehouse = tariff.warehouse
        where
            reached.merchant_id = merchant.merchant_id
            and reached.step = %(step)s
            and reached.at >= %(begins)s
            and reached.at < %(ends)s
            and (reached.at, reached.unit_id) > (%(after)s::timestamptz, %(after_key)s::uuid)
            and (reached.category = %(category)s or %(category)s::text is null)
            and (reached.supplier = %(supplier)s or %(supplier)s::text is null)
            and (reached.cause = any(%(causes)s) or %(causes)s::text[] is null)
            and (reached.stated_reason = %(reason)s or %(reason)s::text is null)
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
                            when 'reached'
                                then
                                    core.speed_bucket(aim.at - reached.received_at)
                                    between %(bucket_from)s and %(bucket_to)s
                            when 'open' then coalesce(aim.at, aim.ended_at) is null
                            else aim.at is null and aim.ended_at is not null
                        end
                )
            )
            and case
                when %(terms)s::text[] is null then true
                else (
                    select
                        case %(known)s::text
                            when 'no' then bool_or(cost.amount is null)
                            else bool_or(cost.amount is distinct from 0)
                        end
                    from (
                        values
                        ('forward_delivery', reached.forward_delivery),
                        ('collection', reached.collection),
                        ('receiving', reached.receiving),
                        ('inspection', reached.inspection),
                        ('repair', reached.repair),
                        ('parts', reached.parts),
                        ('packaging', reached.packaging),
                        (
                            'storage',
                            case
                                when reached.closed_at is not null then reached.storage
                                else core.storage_cost(
                                    core.day_of(reached.received_at), %(today)s, tariff.days, tariff.amounts
                                )
                            end
                        ),
                        ('channel_fee', reached.channel_fee),
                        ('write_off', reached.write_off),
                        ('compensation', reached.compensation)
                    ) as cost (term, amount)
                    where cost.term = any(%(terms)s)
                )
            end
        order by reached.at, reached.unit_id
        limit %(shown)s
    ) as one
where merchant.merchant_id = any(%(merchants)s)
order by one.at, one.unit_id
limit %(shown)s;
