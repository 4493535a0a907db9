-- Verdicts that failed, newest first; every filter may be NULL. ``after`` is the place of the last
-- one of the page before.
select
    result.at,
    result.dag_id,
    result.run_id,
    result.merchant_id,
    coalesce(merchant.name, result.merchant_id) as name,
    result.suite,
    result.check_name,
    result.severity,
    result.failed_rows,
    result.sample,
    batch.status
from ops.dq_result as result
left join core.merchant on result.merchant_id = merchant.merchant_id
left join ops.batch
    on
        result.dag_id = batch.dag_id
        and result.run_id = batch.run_id
        and result.merchant_id = batch.merchant_id
where
    not result.success
    and result.at >= %(since)s
    and result.at < %(until)s
    and (result.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
    and (result.dag_id = %(flow)s or %(flow)s::text is null)
    and (result.run_id = %(run)s or %(run)s::text is null)
    and (result.severity = %(severity)s or %(severity)s::text is null)
    and (result.check_name = %(check_name)s or %(check_name)s::text is null)
    and (not %(held)s or batch.status = 'held')
    and (
        result.at < %(after_at)s
        or (
            result.at = %(after_at)s
            and (result.dag_id, result.run_id, result.merchant_id, result.suite, result.check_name)
            > (%(after_flow)s, %(after_run)s, %(after_merchant)s, %(after_suite)s, %(after_check)s)
        )
        or %(after_at)s::timestamptz is null
    )
order by
    result.at desc, result.dag_id asc, result.run_id asc, result.merchant_id asc, result.suite asc,
    result.check_name asc
limit %(shown)s;
