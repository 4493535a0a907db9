-- What each check said in each of some runs of a flow, all its parts together; merchant and severity may be NULL.
select
    run_id,
    check_name,
    min(severity) as severity,
    (count(*) filter (where not success))::integer as failed,
    coalesce(sum(failed_rows), 0)::bigint as failed_rows
from ops.dq_result
where
    dag_id = %(flow)s
    and run_id = any(%(runs)s)
    and (merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
    and (severity = %(severity)s or %(severity)s::text is null)
group by run_id, check_name;
