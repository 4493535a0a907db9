select
    name,
    value
from ops.setting
where name in ('second_look_share', 'second_look_seed');
