-- A merchant's units by state on one day, as they were known at a moment.
select
    as_of,
    state,
    opening,
    entered,
    "left",
    closing
from ledger.balance(%(merchant_id)s, %(as_of)s, %(as_of)s, %(known_at)s)
order by state;
