-- The lock belongs to the session: it ends with a process that dies.
select lane.number as lane
from generate_series(1, %(lanes)s) as lane (number)
where pg_try_advisory_lock(hashtext('qaitarym/pace/' || %(token_key)s), lane.number)
-- no order: sorting would try, and so lock, all of them
limit 1; -- noqa: AM09
