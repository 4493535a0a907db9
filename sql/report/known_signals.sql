-- The signals of a week that explain the rises, as they were known at a moment, the surest first.
with newest as (
    select distinct on (known.part) known.rows
    from ops.weekly_known as known
    where known.part = any(%(merchants)s::text[]) and known.what = 'signal' and known.known_at <= %(known_at)s
    order by known.part asc, known.known_at desc
),

signal as (
    select
        told ->> 'merchant_id' as merchant_id,
        told ->> 'category' as category,
        told ->> 'supplier' as supplier,
        told ->> 'batch' as batch,
        told ->> 'reason' as reason,
        (told ->> 'rate')::float8 as rate,
        (told ->> 'baseline')::float8 as baseline,
        (told ->> 'q_value')::float8 as q_value,
        told ->> 'direction' as direction,
        (told ->> 'returned')::integer as returned,
        (told ->> 'sold')::integer as sold,
        told ->> 'sku' as sku,
        told ->> 'city' as city,
        told ->> 'carrier' as carrier,
        told ->> 'shape' as shape,
        (told ->> 'attributed')::boolean as attributed,
        (told ->> 'piece_price')::bigint as piece_price
    from newest
    cross join lateral jsonb_array_elements(newest.rows) as told
    where (told ->> 'week_start')::date = %(week_start)s
)

select *
from signal
order by
    (direction = 'up') desc,
    round(q_value::numeric, 3) asc,
    q_value asc,
    merchant_id asc,
    category asc,
    supplier asc,
    batch asc,
    sku asc,
    city asc,
    carrier asc,
    reason asc;
