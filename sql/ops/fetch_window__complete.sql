-- All states of a span are complete at once; with them the span is swept.
update ops.fetch_window
set
    completed_at = %(now)s,
    total_count = (
        select coalesce(sum(fetch_page.orders), 0)
        from ops.fetch_page
        where fetch_page.window_id = fetch_window.window_id
    )
where window_id = any(%(window_ids)s) and completed_at is null;

insert into ops.sweep (
    merchant_id, dag_id, run_id, created_from, created_to, started_at, completed_at, long, seen, counted, stable,
    nameless
)
select
    merchant_id,
    dag_id,
    run_id,
    created_from,
    created_to,
    min(started_at),
    %(now)s,
    bool_or(long),
    %(seen)s,
    %(counted)s,
    %(stable)s,
    %(nameless)s
from ops.fetch_window
where window_id = any(%(window_ids)s)
group by merchant_id, dag_id, run_id, created_from, created_to
on conflict (merchant_id, dag_id, run_id, created_from, created_to) do nothing;
