-- The settings that routes are compared by, one row.
select
    max(value::text::numeric) filter (where name = 'resale_discount_percent') as discount,
    max(value::text::numeric) filter (where name = 'kaspi_fee_percent') as fee_percent,
    max(value::text::numeric) filter (where name = 'handling_cost') as handling,
    max(value::text::numeric) filter (where name = 'resale_days_assumed') as assumed_days,
    max(value::text::numeric) filter (where name = 'route_horizon_days') as horizon,
    max(value::text::numeric) filter (where name = 'route_confidence') as confidence,
    max(value::text) filter (where name = 'route_by_money')::jsonb as by_money
from ops.setting
where
    name in (
        'resale_discount_percent', 'kaspi_fee_percent', 'handling_cost', 'resale_days_assumed', 'route_horizon_days',
        'route_confidence', 'route_by_money'
    );
