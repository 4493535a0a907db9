-- The console asks for the newest part of every flow and merchant. Runs grow by the year: the clock of a part's run,
-- fixed once, stands in the part, so that the newest is the first of an index.
alter table ops.batch add column now_at timestamptz;
comment on column ops.batch.now_at is 'The business clock of its run; NULL where no run was opened.';
update ops.batch
set now_at = run.now_at
from ops.run
where batch.dag_id = run.dag_id and batch.run_id = run.run_id;

create function ops.tell_clock() returns trigger language plpgsql as $$
begin
    select run.now_at into new.now_at from ops.run
    where run.dag_id = new.dag_id and run.run_id = new.run_id;
    return new;
end
$$;
create trigger tell_clock before insert on ops.batch for each row execute function ops.tell_clock();

create index batch_newest on ops.batch (dag_id, merchant_id, now_at desc nulls last);

create view ops.flow_of_merchant as
with recursive found as (
    (
        select
            dag_id,
            merchant_id
        from ops.batch
        order by dag_id, merchant_id
        limit 1
    )
    union all
    select
        following.dag_id,
        following.merchant_id
    from found
    cross join
        lateral (
            select
                batch.dag_id,
                batch.merchant_id
            from ops.batch
            where (batch.dag_id, batch.merchant_id) > (found.dag_id, found.merchant_id)
            order by batch.dag_id, batch.merchant_id
            limit 1
        ) as following
)

select
    dag_id,
    merchant_id
from found;
comment on view ops.flow_of_merchant is 'Each flow and merchant that ever had a part; the index is leapt through.';
