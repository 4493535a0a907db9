insert into ops.fetch_window (merchant_id, dag_id, run_id, state, created_from, created_to, started_at, long)
values (
    %(merchant_id)s, %(dag_id)s, %(run_id)s, 'BY_CODE', %(created_from)s, %(created_to)s, %(now)s, %(long)s
)
on conflict (merchant_id, dag_id, run_id, state, created_from, created_to) do nothing;

select
    window_id,
    completed_at
from ops.fetch_window
where
    merchant_id = %(merchant_id)s
    and dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and state = 'BY_CODE';
