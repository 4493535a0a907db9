-- The zones of a warehouse, and how many units lie in each, whoever they belong to; a zone that nobody set up is shown
-- where something lies in it.
with known as (
    select
        zone.zone,
        zone.purpose,
        zone.capacity
    from core.zone
    where zone.warehouse = %(warehouse)s
),

lying as (
    select
        unit.zone,
        count(*) as occupied
    from core.warehouse_source as source
    inner join ledger.unit on source.source = unit.source
    where
        source.warehouse = %(warehouse)s
        and unit.received_at is not null
        and unit.closed_at is null
        and unit.zone is not null
    group by unit.zone
)

select
    coalesce(known.zone, lying.zone) as zone,
    known.purpose,
    known.capacity,
    coalesce(lying.occupied, 0)::integer as occupied
from known
full join lying on known.zone = lying.zone
order by
    array_position(
        array['dock', 'quarantine', 'resellable', 'repair', 'unrecoverable', 'active_stock'], known.purpose
    ) asc nulls last,
    zone asc;
