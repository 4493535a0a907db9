-- ops.alert: one row a trouble; the same trouble again is the same row.
insert into ops.alert (alert_key, merchant_id, kind, message, raised_at)
values (%(alert_key)s, %(merchant_id)s, %(kind)s, %(message)s, %(raised_at)s)
on conflict (alert_key) do nothing;
