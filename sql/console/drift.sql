-- Changed fields that nobody acknowledged, and those of the last acknowledged ones.
select
    schema_drift.id,
    schema_drift.merchant_id,
    coalesce(merchant.name, schema_drift.merchant_id) as name,
    schema_drift.source,
    schema_drift.kind,
    schema_drift.path,
    schema_drift.detail,
    schema_drift.first_seen,
    schema_drift.last_seen,
    schema_drift.examples,
    schema_drift.example_order_id,
    schema_drift.acknowledged_at,
    schema_drift.acknowledged_by
from ops.schema_drift
left join core.merchant on schema_drift.merchant_id = merchant.merchant_id
where schema_drift.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null
order by
    (schema_drift.acknowledged_at is not null) asc,
    schema_drift.acknowledged_at desc,
    schema_drift.last_seen desc,
    schema_drift.path asc,
    schema_drift.id asc
limit %(shown)s;
