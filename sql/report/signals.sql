-- The signals of a week, the surest first; a supplier is left out where one of its batches says the same.
select
    merchant_id,
    (
        select merchant.name from core.merchant as merchant
        where merchant.merchant_id = signal.merchant_id)
        as merchant_name,
    category,
    supplier,
    batch,
    reason,
    rate::float8 as rate,
    baseline::float8 as baseline,
    q_value::float8 as q_value,
    direction,
    (evidence ->> 'returned')::integer as returned,
    (evidence ->> 'sold')::integer as sold
from mart.signal as signal
where
    week_start = %(week_start)s
    and (merchant_id = %(merchant_id)s or %(merchant_id)s is null)
    and not (
        batch is null
        and supplier is not null
        and exists (
            select 1
            from mart.signal as of_batch
            where
                of_batch.merchant_id = signal.merchant_id
                and of_batch.week_start = signal.week_start
                and of_batch.supplier = signal.supplier
                and of_batch.batch is not null
                and of_batch.reason = signal.reason
                and of_batch.direction = signal.direction
        )
    )
order by
    (direction = 'up') desc,
    round(q_value, 3) asc,
    batch asc nulls last,
    q_value asc,
    category asc,
    supplier asc,
    reason asc;
