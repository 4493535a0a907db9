-- The application works under a login that owns nothing. What only an owner may do and it needs all the same is a
-- function of the owner's. sql/ops/rights.sql says what it may do with the tables, after every migration.

-- MAINTAIN could be granted from PostgreSQL 17 on; this is the same for every version.
create function ops.analyze_table(relation regclass) returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('analyze %s', relation);
end
$$;
comment on function ops.analyze_table is 'Refresh the planner''s statistics of one table, as its owner.';
