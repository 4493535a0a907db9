-- Staging of one transaction; the caller may book several times in it.
create temporary table if not exists stage_unit (like ledger.unit) on commit drop;
create temporary table if not exists stage_unit_event (like ledger.unit_event) on commit drop;
truncate stage_unit, stage_unit_event;
