-- The clock of the newest run.
select max(now_at) as now_at
from ops.run;
