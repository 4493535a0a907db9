-- ops.dq_part: what the run's gate said of each part, a row a part. Run after the parts are judged; a part judged again
-- has the newest verdict.
insert into ops.dq_part (
    dag_id, run_id, merchant_id, suite, at, staged, quarantined, held, batch_checks, batch_failed, batch_rows,
    row_checks, row_failed, row_rows, warning_checks, warning_failed, warning_rows
)
select
    result.dag_id,
    result.run_id,
    result.merchant_id,
    result.suite,
    max(result.at),
    coalesce(max(batch.rows_staged), 0),
    coalesce(max(batch.rows_quarantined), 0),
    coalesce(bool_or(batch.status = 'held'), false),
    count(*) filter (where result.severity = 'batch'),
    count(*) filter (where result.severity = 'batch' and not result.success),
    coalesce(sum(result.failed_rows) filter (where result.severity = 'batch'), 0),
    count(*) filter (where result.severity = 'row'),
    count(*) filter (where result.severity = 'row' and not result.success),
    coalesce(sum(result.failed_rows) filter (where result.severity = 'row'), 0),
    count(*) filter (where result.severity = 'warning'),
    count(*) filter (where result.severity = 'warning' and not result.success),
    coalesce(sum(result.failed_rows) filter (where result.severity = 'warning'), 0)
from ops.dq_result as result
left join ops.batch using (dag_id, run_id, merchant_id)
where
    result.dag_id = %(dag_id)s
    and result.run_id = %(run_id)s
    and result.suite = %(suite)s
    and result.merchant_id = any(%(merchants)s)
group by result.dag_id, result.run_id, result.merchant_id, result.suite
on conflict (dag_id, run_id, merchant_id, suite) do update
    set
        at = excluded.at,
        staged = excluded.staged,
        quarantined = excluded.quarantined,
        held = excluded.held,
        batch_checks = excluded.batch_checks,
        batch_failed = excluded.batch_failed,
        batch_rows = excluded.batch_rows,
        row_checks = excluded.row_checks,
        row_failed = excluded.row_failed,
        row_rows = excluded.row_rows,
        warning_checks = excluded.warning_checks,
        warning_failed = excluded.warning_failed,
        warning_rows = excluded.warning_rows;
