-- What the storage of a merchant's units has cost up to a past Almaty day, that day not included.
select
    unit.unit_id,
    core.storage_cost(
        core.day_of(unit.received_at),
        least(core.day_of(unit.closed_at), %(as_of)s::date),
        tariff.days,
        tariff.amounts
    ) as amount
from ledger.unit
left join core.store as store
    on unit.merchant_id = store.merchant_id and unit.store_id = store.store_id
left join core.storage_tariff as tariff
    on store.merchant_id = tariff.merchant_id and store.warehouse = tariff.warehouse
where
    unit.merchant_id = %(merchant_id)s
    and core.day_of(unit.received_at) < %(as_of)s::date
order by unit.unit_id;
