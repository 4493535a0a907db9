update ops.upload
set accepted_at = coalesce(accepted_at, %(now)s)
where upload_id = %(upload_id)s;
