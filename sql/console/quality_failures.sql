-- Verdicts that failed, newest first, and for ``held`` the parts held, whatever held them: a part of which no check
-- failed has a row without a check. Every filter may be NULL; a run that is named is looked for at any time.
-- ``after`` is the place of the last one of the page before.
select
    part.at,
    part.dag_id,
    part.run_id,
    part.merchant_id,
    coalesce(merchant.name, part.merchant_id) as name,
    part.suite,
    coalesce(result.check_name, '') as check_name,
    result.severity,
    result.failed_rows,
    result.sample,
    part.held,
    batch.status,
    case when part.held and batch.status = 'held' then batch.detail end as detail
from ops.dq_part as part
left join ops.dq_result as result
    on
        part.dag_id = result.dag_id
        and part.run_id = result.run_id
        and part.merchant_id = result.merchant_id
        and part.suite = result.suite
        and not result.success
        and (result.severity = %(severity)s or %(severity)s::text is null)
left join core.merchant on part.merchant_id = merchant.merchant_id
left join ops.batch
    on
        part.dag_id = batch.dag_id
        and part.run_id = batch.run_id
        and part.merchant_id = batch.merchant_id
where
    case when %(held)s then part.held else part.batch_failed + part.row_failed + part.warning_failed > 0 end
    and (%(held)s or result.check_name is not null)
    and (%(run)s::text is not null or (part.at >= %(since)s and part.at < %(until)s))
    and (part.run_id = %(run)s or %(run)s::text is null)
    and (part.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
    and (part.dag_id = %(flow)s or %(flow)s::text is null)
    and (result.check_name = %(check_name)s or %(check_name)s::text is null)
    and (part.at <= %(after_at)s or %(after_at)s::timestamptz is null)
    and (
        part.at < %(after_at)s
        or (part.dag_id, part.run_id, part.merchant_id, part.suite, coalesce(result.check_name, ''))
        > (%(after_flow)s, %(after_run)s, %(after_merchant)s, %(after_suite)s, %(after_check)s)
        or %(after_at)s::timestamptz is null
    )
order by part.at desc, part.dag_id asc, part.run_id asc, part.merchant_id asc, part.suite asc, check_name asc
limit %(shown)s;
