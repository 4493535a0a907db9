-- The newest part of every flow and merchant, with its gate's verdicts.
with newest as (
    select distinct on (batch.dag_id, batch.merchant_id)
        batch.dag_id,
        batch.run_id,
        batch.merchant_id,
        batch.status,
        batch.rows_staged,
        batch.rows_quarantined,
        batch.detail,
        run.now_at
    from ops.batch as batch
    left join ops.run as run on batch.dag_id = run.dag_id and batch.run_id = run.run_id
    where batch.merchant_id = %(merchant_id)s or %(merchant_id)s is null
    order by batch.dag_id asc, batch.merchant_id asc, run.now_at desc nulls last, batch.changed_at desc
)

select
    newest.dag_id,
    newest.merchant_id,
    newest.status,
    newest.rows_staged,
    newest.rows_quarantined,
    newest.detail,
    newest.now_at,
    count(result.check_name)::integer as checks,
    count(*) filter (where result.success)::integer as passed,
    string_agg(result.check_name, ', ' order by result.check_name) filter (
        where not result.success
    ) as failed_checks
from newest
left join ops.dq_result as result
    on
        newest.dag_id = result.dag_id
        and newest.run_id = result.run_id
        and newest.merchant_id = result.merchant_id
group by
    newest.dag_id, newest.merchant_id, newest.status, newest.rows_staged, newest.rows_quarantined, newest.detail,
    newest.now_at
order by newest.dag_id, newest.merchant_id;
