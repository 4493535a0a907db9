-- Used or repaired goods are never a Kaspi offer; the tables refuse them, this looks again, of what is offered now into
-- its events, too.
with told as (
    select
        unit.merchant_id,
        unit.unit_id,
        unit.channel,
        case
            when unit.signs_of_use is null then 'nobody has looked for signs of use'
            when unit.signs_of_use then 'it has signs of use'
            when unit.repaired then 'it was repaired'
            when unit.state in ('restock_pending', 'on_sale') then ledger.forbidden_on_kaspi(unit.unit_id)
        end as why
    from ledger.unit
    where unit.channel in ('main', 'resale')
)

select
    merchant_id,
    unit_id as record_key,
    'channel ' || channel || ': ' || why as detail
from told
where why is not null
