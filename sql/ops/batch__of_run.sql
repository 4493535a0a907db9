-- What became of each part; an active merchant without one is missing, which is worse than held.
select
    batch.merchant_id,
    batch.status,
    batch.detail
from ops.batch as batch
where batch.dag_id = %(dag_id)s and batch.run_id = %(run_id)s
union all
select
    merchant.merchant_id,
    'missing',
    'no task of this run made its part'
from core.merchant as merchant
where
    merchant.active
    and not exists (
        select 1
        from ops.batch as batch
        where
            batch.dag_id = %(dag_id)s
            and batch.run_id = %(run_id)s
            and batch.merchant_id = merchant.merchant_id
    )
order by merchant_id;
