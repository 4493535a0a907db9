-- A gate may be asked about one merchant's part of a run: what is staged of the others may not be whole yet.
create or replace view raw.batch_order as
select *
from raw.stage_order
where
    dag_id = (select current_setting('qaitarym.dag_id', true))
    and run_id = (select current_setting('qaitarym.run_id', true))
    and merchant_id = coalesce((select nullif(current_setting('qaitarym.merchant_id', true), '')), merchant_id);

create or replace view raw.batch_order_line as
select *
from raw.stage_order_line
where
    dag_id = (select current_setting('qaitarym.dag_id', true))
    and run_id = (select current_setting('qaitarym.run_id', true))
    and merchant_id = coalesce((select nullif(current_setting('qaitarym.merchant_id', true), '')), merchant_id);

create or replace view raw.batch_application as
select
    application.*,
    application.application_number || '#' || left(encode(application.row_hash, 'hex'), 16) as row_key
from raw.application
where
    application.published_at is null
    and not application.quarantined
    and application.merchant_id
    = coalesce((select nullif(current_setting('qaitarym.merchant_id', true), '')), application.merchant_id);
