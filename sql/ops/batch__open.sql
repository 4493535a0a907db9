insert into ops.batch (dag_id, run_id, merchant_id, status)
values (%(dag_id)s, %(run_id)s, %(merchant_id)s, 'staging')
on conflict (dag_id, run_id, merchant_id) do update
    set
        status = 'staging',
        rows_staged = 0,
        rows_quarantined = 0,
        rows_rejected = 0,
        detail = null,
        changed_at = clock_timestamp();
