update ops.fetch_window
set
    completed_at = %(now)s,
    total_count = %(total)s
where window_id = %(window_id)s and completed_at is null;
