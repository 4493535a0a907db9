-- The statistics of the run, before they are staged anew: signals of all merchants, the rest of each.
delete from mart.stage_signal
where dag_id = %(dag_id)s and run_id = %(run_id)s;

delete from mart.stage_action_effect
where dag_id = %(dag_id)s and run_id = %(run_id)s;

delete from mart.stage_reason_worth
where dag_id = %(dag_id)s and run_id = %(run_id)s;

delete from mart.stage_cause_share
where dag_id = %(dag_id)s and run_id = %(run_id)s;
