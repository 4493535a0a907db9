-- The desks of which something that was put aside is to be judged again.
select
    source.source,
    source.warehouse
from core.warehouse_source as source
where
    source.kind = 'desk'
    and exists (
        select 1
        from ops.quarantine
        where quarantine.source = 'wms/' || source.source and quarantine.status = 'replayed'
    )
order by source.source;
