-- Adds a store or brings it up to date; what is not said of a known one stays.
insert into core.store as known (merchant_id, store_id, warehouse, base_includes_returns, pick_scan)
values (
    %(merchant_id)s,
    %(store_id)s,
    %(warehouse)s,
    coalesce(%(base_includes_returns)s::boolean, false),
    coalesce(%(pick_scan)s::boolean, false)
)
on conflict (merchant_id, store_id) do update
    set
        warehouse = excluded.warehouse,
        base_includes_returns = coalesce(%(base_includes_returns)s::boolean, known.base_includes_returns),
        pick_scan = coalesce(%(pick_scan)s::boolean, known.pick_scan);
