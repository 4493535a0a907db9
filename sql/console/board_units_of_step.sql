-- Units that reached a step in a span, the first first, from behind the one shown last; each merchant's by his index.
with merchant as (
    select merchant_id
    from core.merchant
    where merchant_id = any(%(merchants)s)
),

found as (
    select one.*
    from merchant
    cross join
        lateral (
            select reached.*
            from mart.unit_step as reached
            where
                reached.merchant_id = merchant.merchant_id
                and reached.step = %(step)s
                and reached.at >= %(begins)s
                and reached.at < %(ends)s
                and (reached.at, reached.unit_id) > (%(after)s::timestamptz, %(after_unit)s::uuid)
                and (reached.category = %(category)s or %(category)s::text is null)
                and (reached.supplier = %(supplier)s or %(supplier)s::text is null)
                and (reached.sku = %(sku)s or %(sku)s::text is null)
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
                and case %(measure)s::text
                    when 'decided'
                        then
                            case %(outcome)s
                                when 'reached'
                                    then
                                        reached.decided_at is not null
                                        and core.speed_bucket(reached.decided_at - reached.received_at) = %(bucket)s
                                when 'open' then reached.decided_at is null and reached.closed_at is null
                                else reached.decided_at is null and reached.closed_at is not null
                            end
                    when 'sellable'
                        then
                            case %(outcome)s
                                when 'reached'
                                    then
                                        reached.on_sale_at is not null
                                        and core.speed_bucket(reached.on_sale_at - reached.received_at) = %(bucket)s
                                when 'open' then reached.on_sale_at is null and reached.closed_at is null
                                else reached.on_sale_at is null and reached.closed_at is not null
                            end
                    else true
                end
                and case %(term)s::text
                    when 'forward_delivery' then reached.forward_delivery is distinct from 0
                    when 'collection' then reached.collection is distinct from 0
                    when 'receiving' then reached.receiving is distinct from 0
                    when 'inspection' then reached.inspection is distinct from 0
                    when 'repair' then reached.repair is distinct from 0
                    when 'parts' then reached.parts is distinct from 0
                    when 'packaging' then reached.packaging is distinct from 0
                    when 'storage' then reached.storage is distinct from 0 or reached.closed_at is null
                    when 'channel_fee' then reached.channel_fee is distinct from 0
                    when 'write_off' then reached.write_off is distinct from 0
                    when 'compensation' then reached.compensation <> 0
                    else true
                end
            order by reached.at, reached.unit_id
            limit %(shown)s
        ) as one
    order by one.at, one.unit_id
    limit %(shown)s
)

select
    place.unit_id,
    place.merchant_id,
    place.at,
    unit.unit_label,
    unit.sku,
    coalesce(product.name, line.product_name) as product_name,
    placed.code as order_code,
    place.category,
    place.supplier,
    place.state,
    place.zone,
    place.channel,
    place.stated_reason,
    place.cause,
    place.since,
    place.requested_at,
    place.received_at,
    place.decided_at,
    place.on_sale_at,
    place.resold_at,
    place.closed_at,
    place.value,
    place.proceeds,
    place.forward_delivery,
    place.collection,
    place.receiving,
    place.inspection,
    place.repair,
    place.parts,
    place.packaging,
    place.storage,
    place.channel_fee,
    place.write_off,
    place.compensation
from found as place
inner join ledger.unit on place.unit_id = unit.unit_id
left join core.customer_order as placed
    on unit.merchant_id = placed.merchant_id and unit.order_id = placed.order_id
left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
left join core.product on unit.merchant_id = product.merchant_id and unit.sku = product.sku
order by place.at, place.unit_id
limit %(shown)s;
