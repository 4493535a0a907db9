-- The merchants whose newest comparison was held back or failed: what is shown of them is older.
with newest as (
    select distinct on (batch.merchant_id)
        batch.merchant_id,
        batch.status,
        batch.detail,
        run.now_at
    from ops.batch as batch
    inner join ops.run as run on batch.dag_id = run.dag_id and batch.run_id = run.run_id
    where batch.dag_id = 'restock_reconcile_daily' and batch.merchant_id = any(%(merchants)s)
    order by batch.merchant_id asc, run.now_at desc, run.opened_at desc
)

select
    newest.merchant_id,
    merchant.name as merchant,
    newest.detail,
    newest.now_at
from newest
inner join core.merchant as merchant on newest.merchant_id = merchant.merchant_id
where newest.status in ('held', 'failed')
order by merchant.name;
