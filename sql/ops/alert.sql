-- ops.alert: one row a trouble. It is raised once while it lasts; after its end it is raised anew and told anew.
insert into ops.alert as known (alert_key, merchant_id, kind, message, raised_at)
values (%(alert_key)s, %(merchant_id)s, %(kind)s, %(message)s, %(raised_at)s)
on conflict (alert_key) do update
    set
        message = excluded.message,
        raised_at = excluded.raised_at,
        cleared_at = null,
        told_at = null
    where known.cleared_at is not null
returning alert_key;
