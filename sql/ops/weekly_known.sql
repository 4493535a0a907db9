-- ops.weekly_known: what the marts say of a part that was just published. A clock that has its rows keeps them,
-- whatever its run would say on a second publishing: a mail may have been written from them.
-- merchant_id NULL is the whole house, whose signals and unquantified cases are its merchants'.
with price as ( -- of the goods as signals name them: what was sold under a resale SKU is of its product
    select
        coalesce(product.category, 'unknown') as category,
        coalesce(product.supplier, 'unknown') as supplier,
        coalesce(product.batch, 'unknown') as batch,
        coalesce(resale.sku, unit.sku, 'unknown') as sku,
        line.base_price
    from ledger.unit as unit
    inner join core.order_line as line
        on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
    left join channel.resale_sku as resale
        on unit.merchant_id = resale.merchant_id and unit.sku = resale.offer_sku
    left join core.product as product
        on unit.merchant_id = product.merchant_id and coalesce(resale.sku, unit.sku) = product.sku
    where
        unit.merchant_id = %(merchant_id)s
        and unit.received_at >= (%(weeks_from)s)::timestamp at time zone 'Asia/Almaty'
        and exists (
            select 1
            from mart.signal
            where signal.merchant_id = %(merchant_id)s and signal.week_start = %(week_start)s
        )
),

said as (
    select
        'kpi' as what,
        coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'kpi', kpi,
                    'horizon_days', horizon_days,
                    'version', version,
                    'week_start', week_start,
                    'value', value,
                    'lo', lo,
                    'hi', hi,
                    'n', n,
                    'note', note,
                    'restated', restated_because is not null
                )
                order by kpi asc, horizon_days asc, version asc, week_start asc
            ),
            '[]'
        ) as rows
    from mart.kpi_current
    where
        (merchant_id = %(merchant_id)s or (%(merchant_id)s::text is null and merchant_id is null))
        and category is null
        and sku is null
        and supplier is null
        and week_start >= %(weeks_from)s
    union all
    select
        'signal' as what,
        coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'merchant_id', signal.merchant_id,
                    'week_start', signal.week_start,
                    'category', signal.category,
                    'supplier', signal.supplier,
                    'batch', signal.batch,
                    'sku', signal.sku,
                    'city', signal.city,
                    'carrier', signal.carrier,
                    'reason', signal.reason,
                    'rate', signal.rate,
                    'baseline', signal.baseline,
                    'q_value', signal.q_value,
                    'direction', signal.direction,
                    'returned', (signal.evidence ->> 'returned')::integer,
                    'sold', round(
                        coalesce(signal.evidence ->> 'could_be_back', signal.evidence ->> 'sold')::numeric
                    )::integer,
                    'shape', coalesce(signal.evidence ->> 'shape', 'at_once'),
                    'attributed', coalesce((signal.evidence ->> 'attributed')::boolean, true),
                    'piece_price', (
                        select round(avg(price.base_price))
                        from price
                        where
                            (signal.category is null or price.category = signal.category)
                            and (signal.supplier is null or price.supplier = signal.supplier)
                            and (signal.batch is null or price.batch = signal.batch)
                            and (signal.sku is null or price.sku = signal.sku)
                    )
                )
                order by
                    signal.reason asc, signal.category asc, signal.supplier asc, signal.batch asc, signal.sku asc,
                    signal.city asc, signal.carrier asc
            ),
            '[]'
        ) as rows
    from mart.signal
    where
        signal.merchant_id = %(merchant_id)s
        and signal.week_start = %(week_start)s
        and coalesce(signal.evidence ->> 'role', 'explains') = 'explains'
    union all
    select
        'unquantified' as what,
        coalesce(
            jsonb_agg(jsonb_build_object('cases', cases, 'units_lo', units_lo, 'units_hi', units_hi)), '[]'
        ) as rows
    from mart.unquantified
    where merchant_id = %(merchant_id)s
)

insert into ops.weekly_known (part, what, known_at, rows)
select
    %(part)s,
    said.what,
    %(now)s,
    said.rows
from said
on conflict (part, what, known_at) do nothing;
