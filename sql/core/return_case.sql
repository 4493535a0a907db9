-- core.return_case: a new signal opens a case; a later one of the same episode only moves its status on.
-- A case opened at the dock keeps its tighter bounds and learns what the status adds. A case of an application is left
-- alone: the flow of the applications adds the signal to it.
insert into core.return_case as known (
    case_id, merchant_id, order_id, episode, return_kind, status, signal_status, quantity, units_lo, units_hi,
    requested_from, requested_to, entry_id
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
    requested_to,
    entry_id
from stage_return_case
where
    not exists (
        select 1
        from core.application
        where application.case_id = stage_return_case.case_id
    )
order by case_id
on conflict (case_id) do update
    set
        signal_status = excluded.signal_status,
        status = case
            when known.status = 'lost' and known.signal_status is not distinct from excluded.signal_status then 'lost'
            when known.status in ('signalled', 'applied', 'in_transit', 'waiting_decision', 'closed', 'lost')
                then excluded.status
            when known.status = 'received' and excluded.status = 'closed' then 'closed'
            else known.status
        end,
        -- what the ambiguous status was read as is a guess: whatever says more replaces it
        return_kind = case
            when
                known.return_kind = 'unknown'
                or (known.signal_status = 'KASPI_DELIVERY_RETURN_REQUESTED' and excluded.return_kind <> 'unknown')
                then excluded.return_kind
            else known.return_kind
        end,
        -- a new status is a fact about a case that was given up
        closed_at = case
            when known.status = 'lost' and known.signal_status is distinct from excluded.signal_status then null
            else known.closed_at
        end,
        quantity = coalesce(known.quantity, excluded.quantity),
        units_hi = greatest(known.units_lo, excluded.units_hi),
        entry_id = coalesce(known.entry_id, excluded.entry_id),
        -- a run that is published late may bring an earlier signal, or a status from before it
        requested_from = case
            when excluded.requested_to <= known.requested_to then excluded.requested_from
            else known.requested_from
        end,
        requested_to = least(known.requested_to, excluded.requested_to)
    where
    (
        known.signal_status, known.return_kind, known.quantity, known.units_hi, known.entry_id,
        known.requested_from, known.requested_to
    ) is distinct from (
        excluded.signal_status,
        case
            when
                known.return_kind = 'unknown'
                or (known.signal_status = 'KASPI_DELIVERY_RETURN_REQUESTED' and excluded.return_kind <> 'unknown')
                then excluded.return_kind
            else known.return_kind
        end,
        coalesce(known.quantity, excluded.quantity),
        greatest(known.units_lo, excluded.units_hi),
        coalesce(known.entry_id, excluded.entry_id),
        case
            when excluded.requested_to <= known.requested_to then excluded.requested_from
            else known.requested_from
        end,
        least(known.requested_to, excluded.requested_to)
    );
