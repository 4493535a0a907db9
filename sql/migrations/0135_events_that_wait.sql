-- Which warehouse events no run has published yet is read off the events themselves: comparing all that ever came with
-- all that was ever published grew with the history, at every look of the gate.
alter table raw.wms_event add column published boolean not null default false;
comment on column raw.wms_event.published is 'It is in core.warehouse_event; set with the row there.';

update raw.wms_event
set published = true
from core.warehouse_event
where wms_event.source = warehouse_event.source and wms_event.event_id = warehouse_event.event_id;

create index wms_event_waiting on raw.wms_event (merchant_id, "position") where not published and not quarantined;
create index wms_event_position on raw.wms_event ("position" desc);

create function raw.wms_event_is_published() returns trigger
language plpgsql
as $body$
begin
    update raw.wms_event
    set published = true
    from fresh
    where wms_event.source = fresh.source and wms_event.event_id = fresh.event_id and not wms_event.published;
    return null;
end
$body$;

create trigger is_published
after insert on core.warehouse_event
referencing new table as fresh
for each statement execute function raw.wms_event_is_published();

create or replace view raw.batch_wms_event as
select
    source,
    event_id,
    "position",
    merchant_id,
    type,
    occurred_at,
    actor,
    store_id,
    payload,
    received_at,
    quarantined,
    source || '/' || event_id as event_key
from raw.wms_event
where not published and not quarantined;
