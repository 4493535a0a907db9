-- core.order_observation: a row when a status is first seen. The change lies between the last complete sweep
-- that covered the order and did not see it, and the moment its page was read.
with seen as (
    select distinct on (staged.order_id)
        staged.merchant_id,
        staged.order_id,
        staged.status,
        staged.state,
        staged.created_at,
        staged.fetched_at
    from raw.stage_order as staged
    where
        staged.dag_id = %(dag_id)s
        and staged.run_id = %(run_id)s
        and staged.merchant_id = %(merchant_id)s
    order by staged.order_id asc, staged.fetched_at desc, staged.window_id desc
),

changed as (
    select
        seen.*,
        coalesce(latest.episode, 0) + 1 as episode,
        latest.seen_to as last_seen
    from seen
    left join lateral (
        select
            order_observation.episode,
            order_observation.status,
            order_observation.state,
            order_observation.seen_to
        from core.order_observation
        where
            order_observation.merchant_id = seen.merchant_id
            and order_observation.order_id = seen.order_id
        order by order_observation.episode desc
        limit 1
    ) as latest on true
    where
        latest.status is distinct from seen.status
        and (latest.seen_to is null or latest.seen_to <= seen.fetched_at)
)

insert into core.order_observation (merchant_id, order_id, status, state, seen_from, seen_to, episode)
select
    changed.merchant_id,
    changed.order_id,
    changed.status,
    changed.state,
    least(changed.fetched_at, greatest(changed.created_at, changed.last_seen, sweep.started_at)),
    changed.fetched_at,
    changed.episode
from changed
left join lateral (
    select max(sweep.started_at) as started_at
    from ops.sweep
    -- a sweep whose batch was held has seen nothing that counts
    inner join ops.batch
        on
            sweep.dag_id = batch.dag_id
            and sweep.run_id = batch.run_id
            and sweep.merchant_id = batch.merchant_id
            and batch.status = 'published'
    where
        sweep.merchant_id = changed.merchant_id
        and sweep.run_id <> %(run_id)s
        and sweep.completed_at <= changed.fetched_at
        and changed.created_at between sweep.created_from and sweep.created_to
) as sweep on true
on conflict (merchant_id, order_id, episode) do nothing;
