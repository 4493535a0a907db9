-- The newest part of every flow and merchant, with its gate's verdicts.
with newest as (
    select part.*
    from ops.flow_of_merchant as flow
    cross join
        lateral (
            select
                batch.dag_id,
                batch.run_id,
                batch.merchant_id,
                batch.status,
                batch.rows_staged,
                batch.rows_quarantined,
                batch.detail,
                batch.now_at
            from ops.batch as batch
            where batch.dag_id = flow.dag_id and batch.merchant_id = flow.merchant_id
            order by batch.now_at desc nulls last, batch.changed_at desc
            limit 1
        ) as part
    where flow.merchant_id = %(merchant_id)s or %(merchant_id)s is null
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
