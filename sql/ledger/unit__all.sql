select count(*) as units
from ledger.unit;
