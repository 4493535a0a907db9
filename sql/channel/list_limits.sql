-- What makes a list abnormal, one row.
select
    max(value::text::numeric) filter (where name = 'base_list_shrink_limit') as removed_share,
    max(value::text::numeric) filter (where name = 'price_jump_share_limit') as jumped_share,
    max(value::text::numeric) filter (where name = 'price_jump_percent') as jump_percent,
    max(value::text::integer) filter (where name = 'base_list_stale_hours') as stale_hours
from ops.setting
where
    name in ('base_list_shrink_limit', 'price_jump_share_limit', 'price_jump_percent', 'base_list_stale_hours');
