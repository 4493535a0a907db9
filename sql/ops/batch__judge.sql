-- A part passes unless a batch check failed or too large a share of its rows went to the quarantine.
with failed as (
    select
        merchant_id,
        string_agg(check_name || ' (' || failed_rows || ')', ', ' order by check_name) as checks
    from ops.dq_result
    where
        dag_id = %(dag_id)s
        and run_id = %(run_id)s
        and suite = %(suite)s
        and severity = 'batch'
        and not success
    group by merchant_id
),

verdict as (
    select
        batch.merchant_id,
        case
            when failed.merchant_id is not null then failed.checks
            when
                batch.rows_quarantined > greatest(1, batch.rows_staged) * (setting.value)::text::numeric
                then batch.rows_quarantined || ' of ' || batch.rows_staged || ' rows were quarantined'
        end as held_because
    from ops.batch as batch
    inner join ops.setting as setting on setting.name = 'quarantine_share_limit'
    left join failed on batch.merchant_id = failed.merchant_id
    where
        batch.dag_id = %(dag_id)s
        and batch.run_id = %(run_id)s
        and batch.status in ('staged', 'passed', 'held')
)

update ops.batch
set
    status = case when verdict.held_because is null then 'passed' else 'held' end,
    detail = verdict.held_because,
    changed_at = clock_timestamp()
from verdict
where
    batch.dag_id = %(dag_id)s
    and batch.run_id = %(run_id)s
    and batch.merchant_id = verdict.merchant_id
returning batch.merchant_id, batch.status, batch.detail;
