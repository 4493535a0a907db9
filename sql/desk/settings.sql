select
    name,
    value
from ops.setting
where name in ('decision_working_days', 'calendar_changes', 'value_loss_permille_a_day');
