-- Whether the weekly run has counted a week for every one of these merchants.
select count(*) = cardinality(%(merchants)s::text[]) as counted
from ops.mart_state
where part = any(%(merchants)s) and core.week_of(refreshed_at) > %(week)s;
