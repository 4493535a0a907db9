-- The columns of mart.unit add up by definition, and those of the booked terms to what is booked.
with shown as (
    select
        unit.merchant_id,
        term.name,
        sum(term.amount) as amount
    from mart.unit as unit
    cross join
        lateral (
            values
            ('collection', unit.cost_collection),
            ('receiving', unit.cost_receiving),
            ('inspection', unit.cost_inspection),
            ('repair', unit.cost_repair),
            ('parts', unit.cost_parts),
            ('packaging', unit.cost_packaging),
            ('channel_fee', unit.cost_channel_fee),
            ('write_off', unit.cost_write_off)
        ) as term (name, amount)
    group by unit.merchant_id, term.name
),

-- a unit's term is shown where all of it is known
known as (
    select
        cost.merchant_id,
        cost.unit_id,
        cost.term,
        sum(cost.amount) as amount
    from (
        select
            charge.merchant_id,
            charge.unit_id,
            charge.term,
            sum(charge.amount) as amount,
            bool_or(charge.amount is not null) as known
        from core.unit_cost as charge
        group by charge.merchant_id, charge.unit_id, charge.event_id, charge.term, charge.code
    ) as cost
    group by cost.merchant_id, cost.unit_id, cost.term
    having bool_and(cost.known)
),

booked as (
    select
        known.merchant_id,
        known.term as name,
        sum(known.amount) as amount
    from known
    group by known.merchant_id, known.term
)

select
    coalesce(shown.merchant_id, booked.merchant_id) as merchant_id,
    coalesce(shown.name, booked.name) as record_key,
    coalesce(shown.amount, 0) || ' tenge shown, ' || coalesce(booked.amount, 0) || ' booked' as detail
from shown
full join booked on shown.merchant_id = booked.merchant_id and shown.name = booked.name
where coalesce(shown.amount, 0) <> coalesce(booked.amount, 0)
union all
select
    unit.merchant_id,
    unit.unit_id::text as record_key,
    'reverse_cost is ' || coalesce(unit.reverse_cost::text, 'unknown') as detail
from mart.unit as unit
where
    unit.reverse_cost is distinct from
    unit.cost_forward_delivery + unit.cost_collection + unit.cost_receiving + unit.cost_inspection + unit.cost_repair
    + unit.cost_parts + unit.cost_packaging + unit.cost_storage + unit.cost_channel_fee + unit.cost_write_off
    - unit.compensation
    or (unit.reverse_cost is null) <> (cardinality(unit.unknown_terms) > 0)
    or (unit.reverse_cost is not null and unit.reverse_cost <> unit.known_cost)
    or unit.cost_storage < 0
