-- The gate looks at the staged rows of the run that its session names (qaitarym.dag_id, qaitarym.run_id).
create view raw.batch_order as
select *
from raw.stage_order
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

create view raw.batch_order_line as
select *
from raw.stage_order_line
where
    dag_id = current_setting('qaitarym.dag_id', true)
    and run_id = current_setting('qaitarym.run_id', true);

-- Events that no run has published yet, whoever fetched them.
create view raw.batch_wms_event as
select
    wms_event.*,
    wms_event.source || '/' || wms_event.event_id as event_key
from raw.wms_event
left join core.warehouse_event using (source, event_id)
where warehouse_event.event_id is null and not wms_event.quarantined;

-- A sweep is complete when all six states of its window are.
create view ops.sweep as
select
    merchant_id,
    dag_id,
    run_id,
    created_from,
    created_to,
    min(started_at) as started_at,
    max(completed_at) as completed_at
from ops.fetch_window
where state <> 'BY_CODE'
group by merchant_id, dag_id, run_id, created_from, created_to
having count(completed_at) = 6;

-- What lies in the quarantine, with its age by the clock of the run that looks.
create view ops.open_quarantine as
select
    quarantine.id,
    quarantine.merchant_id,
    quarantine.source,
    extract(epoch from run.now_at - quarantine.first_seen)::double precision / 86400 as age_days
from ops.quarantine
inner join ops.run as run
    on
        run.dag_id = current_setting('qaitarym.dag_id', true)
        and run.run_id = current_setting('qaitarym.run_id', true)
where quarantine.status = 'open';
