-- When the last long sweep began all of whose windows are complete.
select max(sweep.started_at) as started_at
from (
    select min(started_at) as started_at
    from ops.fetch_window
    where merchant_id = %(merchant_id)s and long
    group by dag_id, run_id
    having bool_and(completed_at is not null) and min(started_at) < %(before)s
) as sweep;
