-- The goods of the merchants, and a sweep a day that saw their orders in time.
insert into core.product (merchant_id, sku, name, category, supplier)
select
    merchant.merchant_id,
    'SKU' || lpad(number::text, 4, '0'),
    'goods ' || number,
    'category ' || number %% 10,
    'supplier ' || number %% 9
from unnest(%(merchants)s::text[]) as merchant (merchant_id)
cross join generate_series(0, %(skus)s - 1) as number;

insert into ops.sweep (
    merchant_id, dag_id, run_id, created_from, created_to, started_at, completed_at, long, seen, counted, published
)
select
    merchant.merchant_id,
    'kaspi_returns_ingest',
    'bench-' || to_char(day, 'YYYYMMDD'),
    day - interval '3 days',
    day,
    day,
    day + interval '5 minutes',
    false,
    0,
    0,
    true
from unnest(%(merchants)s::text[]) as merchant (merchant_id)
cross join generate_series(%(begin)s::timestamptz, %(now)s::timestamptz, interval '1 day') as day;
