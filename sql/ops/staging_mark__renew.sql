-- A crash has emptied the staging tables: no part that is not published was read, and its sweeps never were.
delete from ops.sweep
where not published;

update ops.fetch_window
set
    started_at = null,
    completed_at = null
where not exists (
    select 1
    from ops.batch
    where
        batch.dag_id = fetch_window.dag_id
        and batch.run_id = fetch_window.run_id
        and batch.merchant_id = fetch_window.merchant_id
        and batch.status = 'published'
);

update ops.batch
set
    status = 'failed',
    detail = %(detail)s,
    changed_at = clock_timestamp()
where
    batch.status in ('staging', 'staged', 'passed', 'held')
    and exists (
        select 1
        from ops.fetch_window
        where
            fetch_window.dag_id = batch.dag_id
            and fetch_window.run_id = batch.run_id
            and fetch_window.merchant_id = batch.merchant_id
    );

insert into ops.staging_mark (only_one) values (true);
