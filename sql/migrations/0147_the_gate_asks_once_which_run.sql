-- As before; which run is meant is asked once a statement, and not once for each of the staged rows.
create or replace view raw.batch_order as
select *
from raw.stage_order
where
    dag_id = (select current_setting('qaitarym.dag_id', true))
    and run_id = (select current_setting('qaitarym.run_id', true));

create or replace view raw.batch_order_line as
select *
from raw.stage_order_line
where
    dag_id = (select current_setting('qaitarym.dag_id', true))
    and run_id = (select current_setting('qaitarym.run_id', true));
