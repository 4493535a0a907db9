-- What failed or was held is read off the parts, newest first: an index of these parts alone takes the place of one
-- that nothing read, and of one over the verdicts, which are two dozen a part.
drop index ops.dq_part_held;
drop index ops.dq_result_failed;
create index dq_part_to_look_at on ops.dq_part (at desc, dag_id, run_id, merchant_id, suite)
where held or batch_failed + row_failed + warning_failed > 0;
