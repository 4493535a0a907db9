update ops.batch
set
    status = %(status)s,
    rows_staged = coalesce(%(rows)s, rows_staged),
    rows_rejected = coalesce(%(rejected)s, rows_rejected),
    detail = coalesce(%(detail)s, detail),
    changed_at = clock_timestamp()
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s;
