update ops.schema_drift
set
    acknowledged_at = %(now)s,
    acknowledged_by = %(actor)s
where id = any(%(ids)s::bigint[]) and acknowledged_at is null;
