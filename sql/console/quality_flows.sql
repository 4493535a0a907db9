-- What the gates said in a period, by flow; merchant, flow and severity may be NULL.
select
    judged.dag_id,
    count(*)::integer as parts,
    count(distinct judged.run_id)::integer as runs,
    sum(judged.checks)::integer as checks,
    sum(judged.failed)::integer as failed,
    sum(judged.failed_rows)::bigint as failed_rows,
    sum(judged.quarantined)::bigint as quarantined,
    sum(judged.staged)::bigint as staged,
    (count(*) filter (where judged.held))::integer as held,
    max(judged.at) as judged_at
from (
    select
        dq_part.dag_id,
        dq_part.run_id,
        dq_part.merchant_id,
        dq_part.at,
        dq_part.held,
        dq_part.quarantined,
        dq_part.staged,
        case %(severity)s
            when 'batch' then dq_part.batch_checks
            when 'row' then dq_part.row_checks
            when 'warning' then dq_part.warning_checks
            else dq_part.batch_checks + dq_part.row_checks + dq_part.warning_checks
        end as checks,
        case %(severity)s
            when 'batch' then dq_part.batch_failed
            when 'row' then dq_part.row_failed
            when 'warning' then dq_part.warning_failed
            else dq_part.batch_failed + dq_part.row_failed + dq_part.warning_failed
        end as failed,
        case %(severity)s
            when 'batch' then dq_part.batch_rows
            when 'row' then dq_part.row_rows
            when 'warning' then dq_part.warning_rows
            else dq_part.batch_rows + dq_part.row_rows + dq_part.warning_rows
        end as failed_rows
    from ops.dq_part
    where
        dq_part.at >= %(since)s
        and dq_part.at < %(until)s
        and (dq_part.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
        and (dq_part.dag_id = %(flow)s or %(flow)s::text is null)
) as judged
group by judged.dag_id
order by judged.dag_id;
