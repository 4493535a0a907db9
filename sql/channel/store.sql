select
    store_id,
    base_includes_returns,
    pick_scan
from core.store
where merchant_id = %(merchant_id)s
order by store_id;
