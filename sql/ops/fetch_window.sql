-- ops.fetch_window: a window of a run is opened once; a later try goes on with the pages that are missing.
insert into ops.fetch_window (merchant_id, dag_id, run_id, state, created_from, created_to, started_at)
values (
    %(merchant_id)s, %(dag_id)s, %(run_id)s, %(state)s, %(created_from)s, %(created_to)s, %(now)s
)
on conflict (merchant_id, dag_id, run_id, state, created_from, created_to) do nothing;

select
    fetch_window.window_id,
    fetch_window.completed_at,
    (
        select array_agg(fetch_page.page)
        from ops.fetch_page
        where fetch_page.window_id = fetch_window.window_id
    ) as pages
from ops.fetch_window
where
    merchant_id = %(merchant_id)s
    and dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and state = %(state)s
    and created_from = %(created_from)s
    and created_to = %(created_to)s;
