select
    name,
    value
from ops.setting
where name in ('team_email', 'team_locale');
