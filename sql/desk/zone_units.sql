-- What of these merchants lies in each zone of a warehouse, what came first first; so many a zone.
select
    placed.unit_id,
    placed.zone
from (
    select
        unit.unit_id,
        unit.zone,
        row_number() over (partition by unit.zone order by unit.received_at, unit.unit_id) as place
    from core.warehouse_source as source
    inner join ledger.unit on source.source = unit.source
    where
        source.warehouse = %(warehouse)s
        and unit.merchant_id = any(%(merchant_ids)s::text[])
        and unit.received_at is not null
        and unit.closed_at is null
        and unit.zone is not null
) as placed
where placed.place <= %(most)s;
