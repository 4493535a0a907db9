-- How many rows of a part are staged, and how many the gate was told of ('all' is the whole house). Overtaken: another
-- run has counted the part since, or one of a later day has (what was known on a past day is not rewritten); NULL:
-- nobody knows, the staging tables were emptied.
select
    batch.rows_staged as promised,
    (
        select state.times
        from mart.stage_state as state
        where state.dag_id = %(dag_id)s and state.run_id = %(run_id)s and state.merchant_id = %(part)s
    ) < (
        select coalesce(max(state.times), 0)
        from ops.mart_state as state
        where state.part = %(part)s
    )
    or exists (
        select 1
        from ops.mart_state as state
        where state.part = %(part)s and core.day_of(state.refreshed_at) > core.day_of(%(now)s)
    ) as overtaken,
    (
        select count(*)
        from mart.stage_kpi_weekly as staged
        where
            staged.dag_id = %(dag_id)s
            and staged.run_id = %(run_id)s
            and (staged.merchant_id = nullif(%(part)s, 'all') or (%(part)s = 'all' and staged.merchant_id is null))
    ) + (
        select count(*)
        from mart.stage_cohort_weekly as staged
        where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s and staged.merchant_id = %(part)s
    ) + (
        select count(*)
        from mart.stage_cause_weekly as staged
        where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s and staged.merchant_id = %(part)s
    ) + (
        select count(*)
        from mart.stage_delay_weekly as staged
        where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s and staged.merchant_id = %(part)s
    ) + (
        select count(*)
        from mart.stage_receipt_weekly as staged
        where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s and staged.merchant_id = %(part)s
    ) + (
        select count(*)
        from mart.stage_expected_weekly as staged
        where staged.dag_id = %(dag_id)s and staged.run_id = %(run_id)s and staged.merchant_id = %(part)s
    ) as found
from ops.batch as batch
where batch.dag_id = %(dag_id)s and batch.run_id = %(run_id)s and batch.merchant_id = %(part)s;
