-- The latest time of a DAG's runs, but for a clock that was more than a day ahead.
select max(now_at) as now_at
from ops.run
where dag_id = %(dag_id)s and now_at <= %(now)s::timestamptz + interval '1 day';
