-- core.return_case: a new signal opens a case; a later one of the same episode only moves its status on.
-- A case opened at the dock keeps its tighter bounds and learns what the status adds.
insert into core.return_case as known (
    case_id, merchant_id, order_id, episode, return_kind, status, signal_status, quantity, units_lo, units_hi,
    requested_from, requested_to
)
select
    case_id,
    merchant_id,
    order_id,
    episode,
    return_kind,
    status,
    signal_status,
    quantity,
    units_lo,
    units_hi,
    requested_from,
    requested_to
from stage_return_case
on conflict (case_id) do update
    set
        signal_status = excluded.signal_status,
        return_kind = case
            when known.return_kind = 'unknown' then excluded.return_kind
            else known.return_kind
        end,
        quantity = coalesce(known.quantity, excluded.quantity),
        units_hi = greatest(known.units_lo, excluded.units_hi)
    where
    (known.signal_status, known.return_kind, known.quantity, known.units_hi)
    is distinct from (
        excluded.signal_status,
        case when known.return_kind = 'unknown' then excluded.return_kind else known.return_kind end,
        coalesce(known.quantity, excluded.quantity),
        greatest(known.units_lo, excluded.units_hi)
    );
