-- core.return_case: what its application says, worked out by the flow; an unchanged case is not written.
insert into core.return_case as known (
    case_id, merchant_id, order_id, episode, application_number, return_kind, status, signal_status, stated_reason_raw,
    stated_reason, quantity, units_lo, units_hi, requested_from, requested_to, closed_at, entry_id, arrived_at
)
select
    case_id,
    merchant_id,
    order_id,
    episode,
    application_number,
    return_kind,
    status,
    signal_status,
    stated_reason_raw,
    stated_reason,
    quantity,
    units_lo,
    units_hi,
    requested_from,
    requested_to,
    closed_at,
    entry_id,
    arrived_at
from stage_return_case
order by case_id
on conflict (case_id) do update
    set
        application_number = excluded.application_number,
        return_kind = excluded.return_kind,
        status = excluded.status,
        signal_status = excluded.signal_status,
        stated_reason_raw = excluded.stated_reason_raw,
        stated_reason = excluded.stated_reason,
        quantity = excluded.quantity,
        units_lo = excluded.units_lo,
        units_hi = excluded.units_hi,
        requested_from = excluded.requested_from,
        requested_to = excluded.requested_to,
        closed_at = excluded.closed_at,
        entry_id = excluded.entry_id,
        arrived_at = excluded.arrived_at
    where known is distinct from excluded;
