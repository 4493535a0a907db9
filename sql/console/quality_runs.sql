-- The newest runs of a flow that its gate judged, from a moment back; merchant may be NULL.
select
    run_id,
    at,
    sum(quarantined)::bigint as quarantined,
    sum(staged)::bigint as staged,
    (count(*) filter (where held))::integer as held
from ops.dq_part
where
    dag_id = %(flow)s
    and ((at, run_id) < (%(before_at)s::timestamptz, %(before_run)s::text) or %(before_at)s::timestamptz is null)
    and (merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
group by at, run_id
order by at desc, run_id desc
limit %(shown)s;
