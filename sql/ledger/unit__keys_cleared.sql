-- Rows are put right one by one, and what one of them must bear a wrong one may still hold: it lets go first.
-- Holders that come later are looked at later; one that was passed already is right, and then the events contradict.
with staged as (
    select *
    from json_populate_recordset(null::ledger.unit, %(units)s::json)
),

holders as (
    select staged.unit_id
    from staged
    union
    select held.unit_id
    from staged
    inner join ledger.unit as held on staged.source = held.source and staged.scan_id = held.scan_id
    where held.unit_id > %(reached)s
    union
    select held.unit_id
    from staged
    inner join ledger.unit as held on staged.source = held.source and staged.unit_label = held.unit_label
    where held.unit_id > %(reached)s
    union
    select held.unit_id
    from staged
    inner join ledger.unit as held
        on staged.merchant_id = held.merchant_id and staged.entry_id = held.entry_id and staged.piece = held.piece
    where held.unit_id > %(reached)s
)

update ledger.unit
set
    source = null,
    scan_id = null,
    unit_label = null,
    entry_id = null,
    piece = null
from holders
where unit.unit_id = holders.unit_id;
