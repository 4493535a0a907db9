-- The checks of the newest part of every flow and merchant that its gate judged, what failed first.
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
                batch.now_at
            from ops.batch as batch
            where
                batch.dag_id = flow.dag_id
                and batch.merchant_id = flow.merchant_id
                and exists (
                    select 1
                    from ops.dq_result
                    where
                        dq_result.dag_id = batch.dag_id
                        and dq_result.run_id = batch.run_id
                        and dq_result.merchant_id = batch.merchant_id
                )
            order by batch.now_at desc nulls last, batch.changed_at desc
            limit 1
        ) as part
    where flow.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null
)

select
    result.dag_id,
    result.merchant_id,
    coalesce(merchant.name, result.merchant_id) as name,
    newest.status,
    newest.now_at,
    result.check_name,
    result.success,
    result.severity,
    result.failed_rows,
    result.sample
from ops.dq_result as result
inner join newest
    on
        result.dag_id = newest.dag_id
        and result.run_id = newest.run_id
        and result.merchant_id = newest.merchant_id
left join core.merchant on result.merchant_id = merchant.merchant_id
order by
    result.dag_id asc,
    result.success asc,
    array_position(array['batch', 'row', 'warning'], result.severity) asc,
    result.check_name asc,
    result.merchant_id asc;
