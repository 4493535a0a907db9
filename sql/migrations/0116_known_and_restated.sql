-- Every number as it was known on a past day, and every number that was said otherwise before.

create function mart.kpi_known(day date)
returns table (
    merchant_id text,
    category text,
    sku text,
    supplier text,
    week_start date,
    kpi text,
    horizon_days integer,
    version integer,
    known_on date,
    value numeric,
    lo numeric,
    hi numeric,
    n integer,
    note text,
    restated_because text
)
language sql stable parallel safe
as $$
    select distinct on (
        known.merchant_id, known.category, known.sku, known.supplier, known.week_start, known.kpi, known.horizon_days,
        known.version
    )
        known.merchant_id,
        known.category,
        known.sku,
        known.supplier,
        known.week_start,
        known.kpi,
        known.horizon_days,
        known.version,
        known.known_on,
        known.value,
        known.lo,
        known.hi,
        known.n,
        known.note,
        known.restated_because
    from mart.kpi_weekly as known
    where known.known_on <= day
    order by
        known.merchant_id asc,
        known.category asc,
        known.sku asc,
        known.supplier asc,
        known.week_start asc,
        known.kpi asc,
        known.horizon_days asc,
        known.version asc,
        known.known_on desc
$$;
comment on function mart.kpi_known is
'The KPIs as they were known at the end of an Almaty day: the columns of mart.kpi_current.';

create view mart.kpi_restated as
select
    told.merchant_id,
    told.category,
    told.sku,
    told.supplier,
    told.week_start,
    told.kpi,
    told.horizon_days,
    told.version,
    told.known_before,
    told.known_on,
    told.value_before,
    told.value,
    told.n_before,
    told.n,
    told.restated_because
from (
    select
        known.*,
        lag(known.known_on) over earlier as known_before,
        lag(known.value) over earlier as value_before,
        lag(known.n) over earlier as n_before
    from mart.kpi_weekly as known
    window earlier as (
        partition by
            known.merchant_id, known.category, known.sku, known.supplier, known.week_start, known.kpi,
            known.horizon_days, known.version
        order by known.known_on
    )
) as told
where told.known_before is not null;
comment on view mart.kpi_restated is
'A row each time a number was said otherwise than before: what was said, what is, since when, and why.';
