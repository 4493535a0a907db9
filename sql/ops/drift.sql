-- ops.schema_drift: the same difference is the same row. What a person acknowledged stays so. A later try of a run
-- reads only the pages that are left, so within a run the larger count stands.
insert into ops.schema_drift as known (
    merchant_id, source, kind, path, detail, first_seen, last_seen, last_dag_id, last_run_id, examples,
    example_order_id
)
select
    %(merchant_id)s,
    %(source)s,
    kind,
    path,
    detail,
    %(now)s as first_seen,
    %(now)s as last_seen,
    %(dag_id)s,
    %(run_id)s,
    examples,
    example_order_id
from stage_schema_drift
order by path, kind, detail
on conflict (merchant_id, source, path, kind, detail) do update
    set
        first_seen = least(known.first_seen, excluded.first_seen),
        last_seen = excluded.last_seen,
        last_dag_id = excluded.last_dag_id,
        last_run_id = excluded.last_run_id,
        examples = case
            when (known.last_dag_id, known.last_run_id) = (excluded.last_dag_id, excluded.last_run_id)
                then greatest(known.examples, excluded.examples)
            else excluded.examples
        end,
        example_order_id = coalesce(excluded.example_order_id, known.example_order_id)
    where known.last_seen <= excluded.last_seen;

select
    schema_drift.kind,
    schema_drift.path,
    schema_drift.detail,
    schema_drift.examples
from ops.schema_drift
inner join stage_schema_drift
    on
        schema_drift.path = stage_schema_drift.path
        and schema_drift.kind = stage_schema_drift.kind
        and schema_drift.detail = stage_schema_drift.detail
where
    schema_drift.merchant_id = %(merchant_id)s
    and schema_drift.source = %(source)s
    and schema_drift.acknowledged_at is null
order by schema_drift.path, schema_drift.kind, schema_drift.detail;
