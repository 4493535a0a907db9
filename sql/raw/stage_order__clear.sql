-- The batch is published: its staging is emptied, and its sweeps count from now on.
delete from raw.stage_order
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;

delete from raw.stage_order_line
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;

delete from raw.stage_older_read
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;

delete from ops.fetch_seen
using ops.fetch_window
where
    fetch_seen.window_id = fetch_window.window_id
    and fetch_window.dag_id = %(dag_id)s
    and fetch_window.run_id = %(run_id)s
    and fetch_window.merchant_id = %(merchant_id)s
    and fetch_window.completed_at is not null;

update ops.sweep
set published = true
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s and not published;
