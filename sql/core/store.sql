insert into core.store (merchant_id, store_id, warehouse, base_includes_returns, pick_scan)
values (%(merchant_id)s, %(store_id)s, %(warehouse)s, %(base_includes_returns)s, %(pick_scan)s)
on conflict (merchant_id, store_id) do update
    set
        warehouse = excluded.warehouse,
        base_includes_returns = excluded.base_includes_returns,
        pick_scan = excluded.pick_scan;
