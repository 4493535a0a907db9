-- The settings that prices and routes are judged by, one row.
select
    max(value::text::numeric) filter (where name = 'resale_discount_percent') as discount,
    max(value::text::numeric) filter (where name = 'kaspi_fee_percent') as fee_percent,
    max(value::text::numeric) filter (where name = 'handling_cost') as handling
from ops.setting
where name in ('resale_discount_percent', 'kaspi_fee_percent', 'handling_cost');
