-- The units of these claims, locked in the order of their ids. A unit that another transaction works at is left out:
-- whoever moves a unit judges its claim himself, else the next run does.
select unit_id
from ledger.unit
where unit_id = any(%(unit_ids)s)
order by unit_id
for no key update skip locked;
