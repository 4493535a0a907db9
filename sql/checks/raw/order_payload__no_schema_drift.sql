-- Payloads of a merchant of this run have another shape than the one we read, and nobody has acknowledged it yet.
select
    schema_drift.merchant_id,
    schema_drift.path as record_key,
    schema_drift.kind
    || ': '
    || schema_drift.detail
    || ', in '
    || schema_drift.examples
    || ' payloads of run '
    || schema_drift.last_run_id
    || ', first seen '
    || to_char(schema_drift.first_seen at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
    || ' UTC' as detail
from ops.schema_drift
inner join ops.batch on schema_drift.merchant_id = batch.merchant_id
where
    batch.dag_id = current_setting('qaitarym.dag_id', true)
    and batch.run_id = current_setting('qaitarym.run_id', true)
    and schema_drift.kind <> 'unknown' -- the checks of each value warn of these
    and schema_drift.acknowledged_at is null
