-- ops.run: the clock and the range of a run are fixed by its first task; every retry and clear gets the same.
insert into ops.run (dag_id, run_id, now_at, range_from, range_to)
values (%(dag_id)s, %(run_id)s, %(now)s, %(range_from)s, %(range_to)s)
on conflict (dag_id, run_id) do nothing;

select
    dag_id,
    run_id,
    now_at,
    range_from,
    range_to
from ops.run
where dag_id = %(dag_id)s and run_id = %(run_id)s;
