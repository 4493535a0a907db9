-- A file is judged by the clock of whoever took it in; the run's clock must agree.
select
    batch_application.merchant_id,
    batch_application.row_key as record_key,
    'it speaks of ' || greatest(batch_application.created_at, batch_application.step_at)
    || ', the run''s clock is ' || run.now_at as detail
from raw.batch_application
inner join ops.run as run
    on
        run.dag_id = current_setting('qaitarym.dag_id', true)
        and run.run_id = current_setting('qaitarym.run_id', true)
where
    greatest(batch_application.created_at, batch_application.step_at) > run.now_at + interval '15 minutes'
    and batch_application.taken_at <= run.now_at
