update ops.fetch_window
set started_at = coalesce(started_at, %(now)s)
where window_id = %(window_id)s;
