update ops.alert
set cleared_at = %(now)s
where alert_key = any(%(alert_keys)s) and cleared_at is null;
