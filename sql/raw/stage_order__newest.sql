-- Of several reads of an order in one run the newest stays, and none that is older than what is published. The others
-- go to raw.stage_older_read: what status they showed is still to be observed.
with batch as (
    select
        order_id,
        read_number,
        fetched_at
    from raw.stage_order
    where dag_id = %(dag_id)s and run_id = %(run_id)s and merchant_id = %(merchant_id)s
),

repeated as (
    select
        order_id,
        max(read_number) as newest
    from batch
    group by order_id
    having count(*) > 1
),

outdated as (
    select
        batch.order_id,
        batch.read_number
    from batch
    inner join repeated on batch.order_id = repeated.order_id and batch.read_number < repeated.newest
    union
    select
        batch.order_id,
        batch.read_number
    from batch
    inner join core.customer_order as placed
        on
            placed.merchant_id = %(merchant_id)s
            and batch.order_id = placed.order_id
            and batch.fetched_at < placed.fetched_at
),

dropped as (
    delete from raw.stage_order
    using outdated
    where
        stage_order.dag_id = %(dag_id)s
        and stage_order.run_id = %(run_id)s
        and stage_order.merchant_id = %(merchant_id)s
        and stage_order.order_id = outdated.order_id
        and stage_order.read_number = outdated.read_number
    returning stage_order.*
)

insert into raw.stage_older_read (
    dag_id, run_id, merchant_id, order_id, state, status, created_at, window_id, fetched_at, read_number
)
select
    dag_id,
    run_id,
    merchant_id,
    order_id,
    state,
    status,
    created_at,
    window_id,
    fetched_at,
    read_number
from dropped;

delete from raw.stage_order_line
using raw.stage_older_read as outdated
where
    outdated.dag_id = %(dag_id)s
    and outdated.run_id = %(run_id)s
    and outdated.merchant_id = %(merchant_id)s
    and stage_order_line.dag_id = %(dag_id)s
    and stage_order_line.run_id = %(run_id)s
    and stage_order_line.merchant_id = %(merchant_id)s
    and stage_order_line.order_id = outdated.order_id
    and stage_order_line.read_number = outdated.read_number;
