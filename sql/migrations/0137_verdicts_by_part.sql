-- What the quality pages count by day is read off one row a judged part, not off its two dozen verdicts.
create table ops.dq_part (
    dag_id text not null,
    run_id text not null,
    merchant_id text not null,
    suite text not null,
    at timestamptz not null,
    staged integer not null,
    quarantined integer not null,
    held boolean not null,
    batch_checks integer not null,
    batch_failed integer not null,
    batch_rows integer not null,
    row_checks integer not null,
    row_failed integer not null,
    row_rows integer not null,
    warning_checks integer not null,
    warning_failed integer not null,
    warning_rows integer not null,
    primary key (dag_id, run_id, merchant_id, suite)
);
comment on table ops.dq_part is
'A gate''s verdict on a merchant''s part of a run: its checks by severity, how many failed, on how many rows.';
create index dq_part_at on ops.dq_part (at);
create index dq_part_of_flow on ops.dq_part (dag_id, at desc, run_id desc);
create index dq_part_held on ops.dq_part (at desc) where held;
create index dq_result_failed on ops.dq_result (at desc, dag_id, run_id, merchant_id, suite, check_name)
where not success;
create index quarantine_of_status on ops.quarantine (status, id desc);
create index quarantine_first_seen on ops.quarantine (first_seen);
create index quarantine_action_at on ops.quarantine_action (at);

insert into ops.dq_part
select
    result.dag_id,
    result.run_id,
    result.merchant_id,
    result.suite,
    max(result.at),
    coalesce(max(batch.rows_staged), 0),
    coalesce(max(batch.rows_quarantined), 0),
    coalesce(bool_or(batch.status = 'held'), false),
    count(*) filter (where result.severity = 'batch'),
    count(*) filter (where result.severity = 'batch' and not result.success),
    coalesce(sum(result.failed_rows) filter (where result.severity = 'batch'), 0),
    count(*) filter (where result.severity = 'row'),
    count(*) filter (where result.severity = 'row' and not result.success),
    coalesce(sum(result.failed_rows) filter (where result.severity = 'row'), 0),
    count(*) filter (where result.severity = 'warning'),
    count(*) filter (where result.severity = 'warning' and not result.success),
    coalesce(sum(result.failed_rows) filter (where result.severity = 'warning'), 0)
from ops.dq_result as result
left join ops.batch using (dag_id, run_id, merchant_id)
group by result.dag_id, result.run_id, result.merchant_id, result.suite;
