insert into ops.verdict_look (merchant_id, looked_at, days)
values (%(merchant_id)s, %(looked_at)s, %(days)s)
on conflict (merchant_id) do update
    set
        looked_at = excluded.looked_at,
        days = excluded.days;
