create temporary table if not exists stage_quarantine (like ops.quarantine including defaults) on commit drop;
alter table stage_quarantine alter column id drop not null;
truncate stage_quarantine;
