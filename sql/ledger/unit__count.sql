select count(*) as units
from ledger.unit
where unit_id = any(%(unit_ids)s::uuid[]);
