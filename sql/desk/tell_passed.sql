-- Whoever listens is told at the commit, and only then.
select pg_notify('qaitarym_qc_passed', told.merchant_id)
from unnest(%(merchants)s::text[]) as told (merchant_id);
