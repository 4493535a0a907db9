-- Steps whose cost nobody knows: a price, minutes, a material or the goods' cost is missing. A warning, by reason.
select
    cost.merchant_id,
    cost.term || '/' || coalesce(cost.detail ->> 'why', 'unknown') as record_key,
    count(*) || ' costs of ' || cost.term || ' are unknown: ' || coalesce(cost.detail ->> 'why', 'unknown') as detail
from core.unit_cost as cost
where
    cost.kind = 'unknown'
    and not exists (
        select 1
        from core.unit_cost as known
        where
            known.event_id = cost.event_id
            and known.term = cost.term
            and known.code = cost.code
            and known.kind <> 'unknown'
    )
group by cost.merchant_id, cost.term, cost.detail ->> 'why'
