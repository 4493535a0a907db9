-- A window that says it is complete holds at least as many orders as Kaspi counted.
select
    fetch_window.merchant_id,
    fetch_window.window_id as record_key,
    'state '
    || fetch_window.state
    || ' from '
    || fetch_window.created_from
    || ': '
    || coalesce(sum(fetch_page.orders), 0)
    || ' orders stored, Kaspi counted ' || fetch_window.total_count as detail
from ops.fetch_window
left join ops.fetch_page on fetch_window.window_id = fetch_page.window_id
where
    fetch_window.dag_id = current_setting('qaitarym.dag_id', true)
    and fetch_window.run_id = current_setting('qaitarym.run_id', true)
    and fetch_window.state <> 'BY_CODE'
    and fetch_window.completed_at is not null
group by fetch_window.window_id
having coalesce(sum(fetch_page.orders), 0) < fetch_window.total_count
