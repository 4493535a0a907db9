-- How many rows of a part are staged, and how many the gate was told of ('all' is the whole house).
select
    batch.rows_staged as promised,
    (
        select count(*)
        from mart.stage_kpi_weekly as staged
        where
            staged.dag_id = %(dag_id)s
            and staged.run_id = %(run_id)s
            and coalesce(staged.merchant_id, 'all') = %(part)s
    ) + (
        select count(*)
        from mart.stage_cohort_weekly as staged
        where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s and staged.merchant_id = %(part)s
    ) + (
        select count(*)
        from mart.stage_cause_weekly as staged
        where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s and staged.merchant_id = %(part)s
    ) as found
from ops.batch as batch
where batch.dag_id = %(dag_id)s and batch.run_id = %(run_id)s and batch.merchant_id = %(part)s;
