create temporary table if not exists stage_contact (like core.contact) on commit drop;
truncate stage_contact;
