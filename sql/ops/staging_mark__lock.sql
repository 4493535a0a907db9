-- One fetch takes back what a crash has lost; the others wait for it.
lock table ops.staging_mark in exclusive mode;

select exists(select 1 from ops.staging_mark) as there;
