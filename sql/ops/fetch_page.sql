-- A page that is read again replaces what was known of it; what it showed before was seen all the same.
with seen as (
    insert into ops.fetch_seen (window_id, page, order_ids)
    values (%(window_id)s, %(page)s, array(select json_array_elements_text(%(order_ids)s::json)))
    on conflict (window_id, page) do update
        set order_ids = fetch_seen.order_ids || excluded.order_ids
)

insert into ops.fetch_page (window_id, page, page_count, orders, body_hash)
values (%(window_id)s, %(page)s, %(page_count)s, %(orders)s, %(body_hash)s)
on conflict (window_id, page) do update
    set
        page_count = excluded.page_count,
        orders = excluded.orders,
        body_hash = excluded.body_hash;
