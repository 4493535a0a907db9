-- What the gates said in a period: by Almaty day, by merchant, by flow, and in all; merchant, flow and severity may be
-- NULL. A row has one of day, merchant_id and dag_id, or none: then it is the sum of all.
select
    judged.day,
    judged.merchant_id,
    judged.dag_id,
    count(*)::integer as parts,
    count(distinct judged.dag_id || '/' || judged.run_id)::integer as runs,
    coalesce(sum(judged.checks), 0)::integer as checks,
    coalesce(sum(judged.failed), 0)::integer as failed,
    coalesce(sum(judged.failed_rows), 0)::bigint as failed_rows,
    coalesce(sum(judged.quarantined), 0)::bigint as quarantined,
    coalesce(sum(judged.staged), 0)::bigint as staged,
    (count(*) filter (where judged.held))::integer as held,
    max(judged.at) as judged_at
from (
    select
        dq_part.dag_id,
        dq_part.run_id,
        dq_part.merchant_id,
        dq_part.at,
        (dq_part.at at time zone 'Asia/Almaty')::date as day,
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
group by grouping sets ((judged.day), (judged.merchant_id), (judged.dag_id), ());
