-- The bounds of old sweeps are kept in core.order_observation; after 120 days the sweeps themselves may go.
with old as (
    select window_id
    from ops.fetch_window
    where merchant_id = %(merchant_id)s and started_at < %(now)s::timestamptz - interval '120 days'
),

pages as (
    delete from ops.fetch_page
    using old
    where fetch_page.window_id = old.window_id
    returning fetch_page.window_id
)

delete from ops.fetch_window
using old
where fetch_window.window_id = old.window_id and (select count(*) from pages) >= 0;
