-- A span that says it is swept showed as many orders as Kaspi counted, by the ids in the page ledger.
select
    sweep.merchant_id,
    sweep.created_from::text as record_key,
    'orders created from '
    || sweep.created_from
    || ' to '
    || sweep.created_to
    || ': '
    || count(distinct shown.order_id)
    || ' seen, Kaspi counted '
    || sweep.counted as detail
from ops.sweep
inner join ops.fetch_window using (merchant_id, dag_id, run_id, created_from, created_to)
left join ops.fetch_seen using (window_id)
left join lateral unnest(fetch_seen.order_ids) as shown (order_id) on true
where
    sweep.dag_id = current_setting('qaitarym.dag_id', true)
    and sweep.run_id = current_setting('qaitarym.run_id', true)
    and not sweep.published
    and not sweep.stable
    and fetch_window.state <> 'BY_CODE'
group by sweep.merchant_id, sweep.created_from, sweep.created_to, sweep.counted
having count(distinct shown.order_id) < sweep.counted
