create temporary table if not exists stage_wms_event (
    arrival bigint generated always as identity,
    like raw.wms_event including defaults
) on commit drop;
alter table stage_wms_event alter column "position" drop not null;
truncate stage_wms_event;
