-- The sweeps of 120 days, as a merchant has them whatever the number of his orders: one every 15 minutes over 3 days,
-- every sixth hour over 60.
insert into ops.sweep (
    merchant_id, dag_id, run_id, created_from, created_to, started_at, completed_at, long, seen, counted, published
)
select
    %(merchant_id)s,
    'kaspi_returns_ingest',
    'past-' || swept.number,
    swept.started_at - case when swept.number %% 24 = 0 then interval '60 days' else interval '3 days' end,
    swept.started_at,
    swept.started_at,
    swept.started_at + interval '1 minute',
    swept.number %% 24 = 0,
    0,
    0,
    true
from (
    select
        number,
        to_timestamp(%(end_ms)s / 1000.0) - number * interval '15 minutes' as started_at
    from generate_series(0, 120 * 96) as number
) as swept;
