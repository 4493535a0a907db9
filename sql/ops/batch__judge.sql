-- Of the parts that were looked at, one passes unless a batch check failed, or too large a share of its rows (and more
-- than a few) was put aside.
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
                batch.rows_quarantined + batch.rows_rejected >= (least_rows.value)::text::integer
                and batch.rows_quarantined + batch.rows_rejected
                > (batch.rows_staged + batch.rows_rejected) * (share.value)::text::numeric
                then
                    batch.rows_quarantined + batch.rows_rejected || ' of '
                    || batch.rows_staged + batch.rows_rejected || ' rows were quarantined'
        end as held_because
    from ops.batch as batch
    inner join ops.setting as share on share.name = 'quarantine_share_limit'
    inner join ops.setting as least_rows on least_rows.name = 'quarantine_least_rows'
    left join failed on batch.merchant_id = failed.merchant_id
    where
        batch.dag_id = %(dag_id)s
        and batch.run_id = %(run_id)s
        and batch.merchant_id = any(%(merchants)s)
        and batch.status in ('staged', 'passed', 'held')
)

update ops.batch
set
    status = case when verdict.held_because is null then 'passed' else 'held' end,
    detail = coalesce(verdict.held_because, case when batch.status <> 'held' then batch.detail end),
    changed_at = clock_timestamp()
from verdict
where
    batch.dag_id = %(dag_id)s
    and batch.run_id = %(run_id)s
    and batch.merchant_id = verdict.merchant_id
returning batch.merchant_id, batch.status, batch.detail;
