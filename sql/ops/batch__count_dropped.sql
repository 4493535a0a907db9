update ops.batch
set rows_quarantined = dropped.rows
from (
    select
        merchant_id,
        count(*)::integer as rows
    from stage_drop
    group by merchant_id
) as dropped
where
    batch.dag_id = %(dag_id)s
    and batch.run_id = %(run_id)s
    and batch.merchant_id = dropped.merchant_id;
