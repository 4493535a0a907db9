-- The next units in the order of their ids, by projection or by events: a row that is missing is found as well.
select unit_id
from (
    (
        select unit_id
        from ledger.unit
        where unit_id > %(after)s
        order by unit_id
        limit %(size)s
    )
    union
    (
        select unit_id
        from ledger.unit_event
        where unit_id > %(after)s and seq = 1
        order by unit_id
        limit %(size)s
    )
) as either
order by unit_id
limit %(size)s;
