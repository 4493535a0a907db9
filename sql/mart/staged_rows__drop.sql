-- A published part needs its staged rows no more; one that is staged again begins without them.
delete from mart.stage_kpi_weekly as staged
where
    staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and (staged.merchant_id = nullif(%(part)s, 'all') or (%(part)s = 'all' and staged.merchant_id is null));

delete from mart.stage_cohort_return
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_cohort_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_cause_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_signal
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_action_effect
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_reason_worth
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_cause_share
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_delay_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_receipt_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_expected_weekly
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_touch_note
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_touch
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;

delete from mart.stage_state
where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(part)s;
