select
    setting.name,
    (setting.value)::text::integer as value,
    exists(
        select 1
        from core.warehouse_event as event
        where
            event.merchant_id = %(merchant_id)s
            and event.outcome = 'compared'
            and event.type <> 'stock_counted'
            and event.recorded_at
            > %(now)s::timestamptz - make_interval(days => (days.value)::text::integer)
    ) as any_compared
from ops.setting
cross join ops.setting as days
where setting.name in ('compare_hours', 'compare_minutes', 'compare_days') and days.name = 'compare_days';
