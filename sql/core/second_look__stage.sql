create temporary table if not exists stage_second_look (like core.second_look) on commit drop;
alter table stage_second_look
alter column unit_id drop not null,
alter column merchant_id drop not null,
alter column warehouse drop not null,
alter column drawn_at drop not null,
alter column first_actor drop not null;
truncate stage_second_look;
