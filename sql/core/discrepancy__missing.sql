-- core.discrepancy: what the dock reports missing from a parcel, one case a report: its piece may not even be certain.
-- The reports of one order and product are answered in their order, by the pieces that came since.
with told as (
    select
        report.source,
        report.event_id,
        report.occurred_at,
        report.payload ->> 'order_code' as order_code,
        report.payload ->> 'sku' as sku,
        placed.order_id,
        row_number() over (
            partition by report.payload ->> 'order_code', report.payload ->> 'sku'
            order by report.occurred_at, report.source, report.event_id
        ) as place,
        min(report.occurred_at) over (
            partition by report.payload ->> 'order_code', report.payload ->> 'sku'
        ) as first_at
    from core.warehouse_event as report
    left join core.customer_order as placed
        on report.merchant_id = placed.merchant_id and placed.code = report.payload ->> 'order_code'
    where
        report.merchant_id = %(merchant_id)s
        and report.type = 'missing_from_parcel'
        and report.outcome = 'finding'
        and (
            %(everything)s
            or report.payload ->> 'order_code' in (
                select news.payload ->> 'order_code'
                from core.warehouse_event as news
                where
                    news.merchant_id = %(merchant_id)s
                    and news.type = 'missing_from_parcel'
                    and news.recorded_at >= %(since)s
                union all
                select standing.order_code
                from core.discrepancy as standing
                inner join core.customer_order as asked
                    on standing.merchant_id = asked.merchant_id and standing.order_code = asked.code
                where
                    standing.merchant_id = %(merchant_id)s
                    and standing.kind = 'missing_from_parcel'
                    and standing.status = 'open'
                    and asked.order_id = any(%(moved)s::text[])
            )
        )
),

goods as (
    select distinct
        told.order_id,
        told.sku,
        told.first_at
    from told
    where told.order_id is not null
),

came as (
    select
        goods.order_id,
        goods.sku,
        count(*) as pieces
    from goods
    inner join ledger.unit as unit
        on
            unit.merchant_id = %(merchant_id)s
            and goods.order_id = unit.order_id
            and (goods.sku is null or goods.sku = unit.sku)
    where unit.received_at > goods.first_at
    group by goods.order_id, goods.sku
),

-- the pieces that are meant, where it is certain which
meant as (
    select
        goods.order_id,
        goods.sku,
        unit.unit_id,
        unit.case_id,
        line.base_price as price,
        row_number() over (
            partition by goods.order_id, goods.sku order by unit.requested_at, unit.unit_id
        ) as place
    from goods
    inner join ledger.unit as unit
        on
            unit.merchant_id = %(merchant_id)s
            and goods.order_id = unit.order_id
            and (goods.sku is null or goods.sku = unit.sku)
    inner join core.unit_verdict as found on unit.unit_id = found.unit_id and found.verdict = 'missing_from_parcel'
    left join core.order_line as line on unit.merchant_id = line.merchant_id and unit.entry_id = line.entry_id
),

answered as (
    select
        told.*,
        meant.unit_id,
        meant.case_id,
        meant.price,
        coalesce(came.pieces, 0) >= told.place as is_answered
    from told
    left join came on told.order_id = came.order_id and told.sku is not distinct from came.sku
    left join meant
        on
            told.order_id = meant.order_id
            and told.sku is not distinct from meant.sku
            and told.place - coalesce(came.pieces, 0) = meant.place
),

closed as (
    update core.discrepancy
    set
        status = 'resolved',
        resolved_at = %(now)s,
        resolution = 'came'
    from answered
    where
        answered.is_answered
        and discrepancy.discrepancy_id
        = md5('missing_from_parcel/' || %(merchant_id)s || '/' || answered.source || '/' || answered.event_id)::uuid
        and discrepancy.status = 'open'
)

insert into core.discrepancy as known (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, found_at, due_at,
    money_at_risk, owner, status
)
select
    md5('missing_from_parcel/' || %(merchant_id)s || '/' || answered.source || '/' || answered.event_id)::uuid,
    %(merchant_id)s,
    answered.case_id,
    answered.unit_id,
    answered.order_code,
    'missing_from_parcel',
    answered.source || '/' || answered.event_id,
    answered.occurred_at,
    %(now)s::timestamptz,
    %(now)s::timestamptz + make_interval(days => %(days)s),
    coalesce(
        answered.price,
        (
            select max(line.base_price)
            from core.order_line as line
            where
                line.merchant_id = %(merchant_id)s
                and line.order_id = answered.order_id
                and line.sku = answered.sku
        ),
        0
    ),
    %(owner)s,
    'open'
from answered
where not answered.is_answered
on conflict (discrepancy_id) do update
    set
        status = 'open',
        reopened_at = %(now)s,
        due_at = excluded.due_at,
        resolved_at = null,
        resolution = null
    where known.status <> 'open' and known.resolved_by is null;
