-- The fence: no row when the epoch is not the newest one any more.
-- The row stays locked to the end of the transaction, so nobody takes over between check and commit.
update ops.lease
set expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
where scope = %(scope)s and epoch = %(epoch)s
returning epoch;
