-- Whether what was staged is still there.
select exists(select 1 from ops.staging_mark) as there;
