-- Twelve weeks up to one: units received, put back on sale, sold again.
with week as (
    select %(week_start)s::date - 7 * back as week_start
    from generate_series(0, 11) as back
),

unit as (
    select
        date_trunc('week', received_at at time zone 'Asia/Almaty')::date as received,
        date_trunc('week', on_sale_at at time zone 'Asia/Almaty')::date as on_sale,
        date_trunc('week', resold_at at time zone 'Asia/Almaty')::date as resold
    from ledger.unit
    where
        (merchant_id = %(merchant_id)s or %(merchant_id)s is null)
        and received_at is not null
)

select
    week.week_start,
    (
        select count(*) from unit
        where unit.received = week.week_start
    )::integer as received,
    (
        select count(*) from unit
        where unit.on_sale = week.week_start
    )::integer as on_sale,
    (
        select count(*) from unit
        where unit.resold = week.week_start
    )::integer as resold
from week
order by week.week_start;
