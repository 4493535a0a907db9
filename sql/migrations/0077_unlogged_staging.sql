-- What waits to be published is written twice, and logging it doubles that again. Should the server crash it can be
-- read from Kaspi once more, so it is not logged. PostgreSQL empties such tables after a crash, and on a replica that
-- takes over; ops.staging_mark is emptied with them, by which that is known.
alter table raw.stage_order set unlogged;
alter table raw.stage_order_line set unlogged;
alter table raw.stage_older_read set unlogged;
alter table ops.fetch_page set unlogged;
alter table ops.fetch_seen set unlogged;

create unlogged table ops.staging_mark (
    only_one boolean primary key default true check (only_one)
);
insert into ops.staging_mark (only_one) values (true);
comment on table ops.staging_mark is
'One row as long as nothing staged was lost: a crash of the server empties it together with the staging tables.';
