-- Units that have passed QC, locked in the order of their ids as the ledger locks them: what is read of them next is
-- what is decided by, and a fact that comes in between waits.
select unit_id
from ledger.unit
where merchant_id = %(merchant_id)s and state = 'qc'
order by unit_id
for update;
