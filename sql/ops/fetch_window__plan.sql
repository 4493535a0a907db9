-- ops.fetch_window: every state of every span, oldest span first.
insert into ops.fetch_window (merchant_id, dag_id, run_id, state, created_from, created_to, long)
select
    %(merchant_id)s,
    %(dag_id)s,
    %(run_id)s,
    wanted.state,
    span.created_from,
    span.created_to,
    %(long)s
from
    unnest(%(begins)s::TIMESTAMPTZ[], %(ends)s::TIMESTAMPTZ[]) with ordinality
        as span (created_from, created_to, place)
cross join unnest(%(states)s::TEXT[]) with ordinality as wanted (state, place)
order by span.place, wanted.place
on conflict (merchant_id, dag_id, run_id, state, created_from, created_to) do nothing;
