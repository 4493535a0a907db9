update ops.alert
set told_at = %(now)s
where alert_key = any(%(alert_keys)s) and cleared_at is null and told_at is null;
