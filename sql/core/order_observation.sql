-- core.order_observation: a row when a status is first seen. The change lies between the last complete reading that
-- covered the order and did not see it, and the moment its page was read. A reading is a published sweep over its
-- creation date or, for the open cases that no sweep covers any more, one by code.
with changed as (
    select
        staged.merchant_id,
        staged.order_id,
        staged.status,
        staged.state,
        staged.created_at,
        staged.fetched_at,
        coalesce(latest.episode, 0) + 1 as episode,
        latest.seen_to as last_seen
    from raw.stage_order as staged
    left join lateral (
        select
            order_observation.episode,
            order_observation.status,
            order_observation.seen_to
        from core.order_observation
        where
            order_observation.merchant_id = %(merchant_id)s
            and order_observation.order_id = staged.order_id
        order by order_observation.episode desc
        limit 1
    ) as latest on true
    where
        staged.dag_id = %(dag_id)s
        and staged.run_id = %(run_id)s
        and staged.merchant_id = %(merchant_id)s
        and latest.status is distinct from staged.status
        and (latest.seen_to is null or latest.seen_to <= staged.fetched_at)
)

insert into core.order_observation (merchant_id, order_id, status, state, seen_from, seen_to, episode)
select
    changed.merchant_id,
    changed.order_id,
    changed.status,
    changed.state,
    least(
        changed.fetched_at,
        greatest(changed.created_at, changed.last_seen, swept.started_at, by_code.started_at)
    ),
    changed.fetched_at,
    changed.episode
from changed
left join lateral (
    select sweep.started_at
    from ops.sweep
    where
        sweep.merchant_id = %(merchant_id)s
        and sweep.published
        and sweep.completed_at <= changed.fetched_at
        and changed.created_at between sweep.created_from and sweep.created_to
    order by sweep.started_at desc
    limit 1
) as swept on true
left join lateral (
    select max(fetch_window.started_at) as started_at
    from core.return_case
    inner join ops.fetch_window
        on
            fetch_window.merchant_id = %(merchant_id)s
            and fetch_window.state = 'BY_CODE'
            and fetch_window.long
            and return_case.requested_to <= fetch_window.started_at
            and changed.fetched_at >= fetch_window.completed_at
            and changed.created_at between fetch_window.created_from and fetch_window.started_at - interval '60 days'
            and (fetch_window.dag_id, fetch_window.run_id) <> (%(dag_id)s, %(run_id)s)
    inner join ops.batch
        on
            fetch_window.dag_id = batch.dag_id
            and fetch_window.run_id = batch.run_id
            and fetch_window.merchant_id = batch.merchant_id
            and batch.status = 'published'
    where
        changed.last_seen is not null
        and changed.created_at < changed.fetched_at - interval '60 days'
        and return_case.merchant_id = %(merchant_id)s
        and return_case.order_id = changed.order_id
        and (return_case.closed_at is null or return_case.closed_at >= fetch_window.completed_at)
) as by_code on true
on conflict (merchant_id, order_id, episode) do nothing;
