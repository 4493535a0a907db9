-- ops.schema_drift: values of the staged batch that no list of known ones has, one row a value. A field that holds a
-- code holds no name; a number in it may be somebody's all the same.
create temporary table if not exists stage_unknown_value (
    merchant_id text not null,
    source text not null,
    path text not null,
    detail text not null,
    examples integer not null,
    example text not null
) on commit drop;
truncate stage_unknown_value;

insert into stage_unknown_value (merchant_id, source, path, detail, examples, example)
select
    told.merchant_id,
    told.source,
    told.path,
    told.detail,
    count(distinct told.example) as examples,
    min(told.example) as example
from (
    select
        batch_order.merchant_id,
        'kaspi/order' as source,
        field.path,
        left(regexp_replace(field.value, '\d{5,}', '#', 'g'), 80) as detail,
        batch_order.order_id as example
    from raw.batch_order
    cross join
        lateral (
            values
            ('order.status', batch_order.status, %(statuses)s::text[]),
            ('order.state', batch_order.state, %(states)s::text[]),
            ('order.cancellationReason', batch_order.cancellation_reason, %(cancellation_reasons)s::text[])
        ) as field (path, value, known)
    where
        (
            batch_order.status <> all(%(statuses)s::text[])
            or batch_order.state <> all(%(states)s::text[])
            or batch_order.cancellation_reason <> all(%(cancellation_reasons)s::text[])
        )
        and field.value <> all(field.known)
    union all
    select
        batch_application.merchant_id,
        'file/applications' as source,
        field.path,
        left(regexp_replace(field.value, '\d{5,}', '#', 'g'), 80) as detail,
        batch_application.application_number as example
    from raw.batch_application
    cross join
        lateral (
            values
            ('application.tab', batch_application.tab, %(tabs)s::text[]),
            ('application.step', batch_application.step, %(steps)s::text[]),
            ('application.reason_code', batch_application.reason_code, %(reason_codes)s::text[])
        ) as field (path, value, known)
    where field.value <> all(field.known)
) as told
group by told.merchant_id, told.source, told.path, told.detail;

insert into ops.schema_drift as known (
    merchant_id, source, kind, path, detail, first_seen, last_seen, last_dag_id, last_run_id, examples,
    example_order_id
)
select
    merchant_id,
    source,
    'unknown' as kind,
    path,
    detail,
    %(now)s as first_seen,
    %(now)s as last_seen,
    %(dag_id)s,
    %(run_id)s,
    examples,
    example
from stage_unknown_value
order by merchant_id, path, detail
on conflict (merchant_id, source, path, kind, detail) do update
    set
        first_seen = least(known.first_seen, excluded.first_seen),
        last_seen = excluded.last_seen,
        last_dag_id = excluded.last_dag_id,
        last_run_id = excluded.last_run_id,
        examples = excluded.examples,
        example_order_id = excluded.example_order_id
    where known.last_seen < excluded.last_seen;

select
    schema_drift.merchant_id,
    schema_drift.path,
    schema_drift.detail,
    schema_drift.examples
from ops.schema_drift
inner join stage_unknown_value using (merchant_id, source, path, detail)
where schema_drift.kind = 'unknown' and schema_drift.acknowledged_at is null
order by schema_drift.merchant_id, schema_drift.path, schema_drift.detail;
