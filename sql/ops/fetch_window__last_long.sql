-- The clock of the last run whose long sweep was read to its end and published: one that is held told nobody anything.
select max(run.now_at) as began_at
from (
    select
        dag_id,
        run_id
    from ops.fetch_window
    where merchant_id = %(merchant_id)s and long
    group by dag_id, run_id
    having bool_and(completed_at is not null)
) as sweep
inner join ops.run using (dag_id, run_id)
inner join ops.batch using (dag_id, run_id)
where
    batch.merchant_id = %(merchant_id)s
    and batch.status = 'published'
    and run.now_at < %(before)s;
