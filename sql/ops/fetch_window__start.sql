update ops.fetch_window
set started_at = %(now)s
where window_id = any(%(window_ids)s) and started_at is null;
