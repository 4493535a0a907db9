-- A claim's unit, locked: facts and persons change a claim one after the other.
select unit.unit_id
from core.claim
inner join ledger.unit on claim.unit_id = unit.unit_id
where claim.claim_id = %(claim_id)s
for no key update of unit;
