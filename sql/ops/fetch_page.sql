insert into ops.fetch_page (window_id, page, orders, sha256)
values (%(window_id)s, %(page)s, %(orders)s, %(sha256)s)
on conflict (window_id, page) do nothing;
