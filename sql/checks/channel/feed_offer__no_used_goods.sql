-- No unit with signs of use, or repaired, or in somebody's hands again, stands behind a Kaspi offer or in the list that
-- was composed: by what the events say, those that wait included, and by what the projection says.
with offered as (
    select
        merchant_id,
        unit_id,
        offer_sku
    from channel.offered_unit
    where channel <> 'off_kaspi'
    union
    select
        merchant_id,
        unit_id,
        offer_sku
    from channel.batch_addition
    where channel <> 'off_kaspi'
),

told as (
    select
        offered.merchant_id,
        offered.unit_id,
        offered.offer_sku,
        coalesce(
            ledger.forbidden_on_kaspi(offered.unit_id),
            case when unit.repaired then 'it was repaired' end,
            case when unit.signs_of_use is not false then 'it has signs of use' end,
            (
                select 'somebody works on it again: ' || min(early.type)
                from ledger.event_inbox as early
                where early.unit_id = offered.unit_id and early.type = any(ledger.off_the_shelf())
            )
        ) as why
    from offered
    left join ledger.unit on offered.unit_id = unit.unit_id
)

select
    merchant_id,
    unit_id::text as record_key,
    'offer ' || offer_sku || ' would sell a unit that Kaspi forbids: ' || why as detail
from told
where why is not null
