-- Windows that ended runs left unread become this run's, however they ended. A run that is still at work keeps its own.
delete from ops.fetch_page
using ops.fetch_window as unread
where
    fetch_page.window_id = unread.window_id
    and unread.merchant_id = %(merchant_id)s
    and unread.completed_at is null
    and unread.state <> 'BY_CODE'
    and exists (
        select 1
        from ops.batch
        where
            batch.dag_id = unread.dag_id
            and batch.run_id = unread.run_id
            and batch.merchant_id = unread.merchant_id
            and batch.status in ('published', 'failed', 'held')
    )
    and (unread.dag_id, unread.run_id) <> (%(dag_id)s, %(run_id)s);

delete from ops.fetch_window
using ops.batch
where
    fetch_window.merchant_id = %(merchant_id)s
    and fetch_window.completed_at is null
    and fetch_window.state <> 'BY_CODE'
    and (fetch_window.dag_id, fetch_window.run_id) <> (%(dag_id)s, %(run_id)s)
    and batch.dag_id = fetch_window.dag_id
    and batch.run_id = fetch_window.run_id
    and batch.merchant_id = fetch_window.merchant_id
    and batch.status in ('published', 'failed', 'held')
returning fetch_window.created_from, fetch_window.created_to;
