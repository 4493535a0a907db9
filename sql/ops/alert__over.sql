-- A failed or late run is no trouble any more once a later run of its DAG has published every part. An unreadable
-- warehouse source is a failed part of its run.
update ops.alert
set cleared_at = %(now)s
where
    alert.cleared_at is null
    and alert.kind in ('run_failed', 'deadline', 'source_unreadable')
    and exists (
        select 1
        from ops.run
        inner join ops.batch on run.dag_id = batch.dag_id and run.run_id = batch.run_id
        where
            run.dag_id = case
                when alert.kind = 'source_unreadable' then 'warehouse_receipts_reconcile'
                else split_part(alert.alert_key, '/', 2)
            end
            and run.now_at > alert.raised_at
        group by run.run_id
        having bool_and(batch.status = 'published')
    );
