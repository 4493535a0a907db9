-- The sources that are read; the desk sends by itself.
select
    source,
    kind,
    connection_id
from core.warehouse_source
where kind <> 'desk'
order by source;
