-- The windows of the run's spans that are not swept yet, with the pages that are stored. The newest orders come first:
-- what the budget leaves unread is what is least awaited.
select
    fetch_window.window_id,
    fetch_window.state,
    fetch_window.created_from,
    fetch_window.created_to,
    array_agg(fetch_page.page) filter (where fetch_page.page is not null) as pages,
    (array_agg(fetch_page.page_count order by fetch_page.page desc))[1] as page_count
from ops.fetch_window
left join ops.fetch_page on fetch_window.window_id = fetch_page.window_id
where
    fetch_window.dag_id = %(dag_id)s
    and fetch_window.run_id = %(run_id)s
    and fetch_window.merchant_id = %(merchant_id)s
    and fetch_window.completed_at is null
    and fetch_window.state <> 'BY_CODE'
group by fetch_window.window_id
order by fetch_window.created_to desc, fetch_window.window_id asc;
