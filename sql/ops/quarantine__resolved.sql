-- A good version of these orders is being published: what was put aside before is settled, and the refused version
-- is forgotten, so that it is judged, not skipped, should it come back. What this very run put aside stays open: which
-- of its two readings is the newer one is not known. Run before raw/stage_order__clear.
with published as (
    select
        stage_order.order_id,
        run.now_at
    from raw.stage_order
    inner join ops.run on stage_order.dag_id = run.dag_id and stage_order.run_id = run.run_id
    where
        stage_order.dag_id = %(dag_id)s
        and stage_order.run_id = %(run_id)s
        and stage_order.merchant_id = %(merchant_id)s
),

put_aside_now as (
    select quarantine.record_key as order_id
    from ops.quarantine
    inner join published on quarantine.record_key = published.order_id and quarantine.last_seen = published.now_at
    where
        quarantine.merchant_id = %(merchant_id)s
        and quarantine.source in ('kaspi/order', 'kaspi_returns_ingest')
        and quarantine.status = 'open'
),

forgotten as (
    delete from raw.refused_order
    where
        merchant_id = %(merchant_id)s
        and order_id in (select published.order_id from published)
        and order_id not in (select put_aside_now.order_id from put_aside_now)
),

resolved as (
    update ops.quarantine
    set status = 'resolved'
    where
        merchant_id = %(merchant_id)s
        and source in ('kaspi/order', 'kaspi_returns_ingest')
        and status in ('open', 'replayed')
        and record_key in (select published.order_id from published)
        and record_key not in (select put_aside_now.order_id from put_aside_now)
    returning id
)

insert into ops.quarantine_action (quarantine_id, action, actor, at)
select
    resolved.id,
    'resolved',
    %(dag_id)s || '/' || %(run_id)s,
    run.now_at
from resolved
inner join ops.run on run.dag_id = %(dag_id)s and run.run_id = %(run_id)s;
