insert into ops.dashboard_look as known (merchant_id, looked_at)
values (%(merchant_id)s, %(looked_at)s)
on conflict (merchant_id) do update
    set looked_at = greatest(known.looked_at, excluded.looked_at);
