-- A warehouse whose clock is ahead by more than a quarter of an hour would book the future.
select
    batch_wms_event.merchant_id,
    batch_wms_event.event_key as record_key,
    'occurred at ' || batch_wms_event.occurred_at || ', the run''s clock is ' || run.now_at as detail
from raw.batch_wms_event
inner join ops.run as run
    on
        run.dag_id = current_setting('qaitarym.dag_id', true)
        and run.run_id = current_setting('qaitarym.run_id', true)
where batch_wms_event.occurred_at > run.now_at + interval '15 minutes'
