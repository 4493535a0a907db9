-- core.return_case: what the dock knows. A parcel at the dock is a signal of its own.
insert into core.return_case as known (
    case_id, merchant_id, order_id, episode, application_number, return_kind, status, quantity, units_lo, units_hi,
    requested_from, requested_to
)
select
    case_id,
    merchant_id,
    order_id,
    episode,
    application_number,
    return_kind,
    status,
    quantity,
    units_lo,
    units_hi,
    requested_from,
    requested_to
from stage_return_case
on conflict (case_id) do update
    set
        application_number = coalesce(known.application_number, excluded.application_number),
        return_kind = case
            when excluded.application_number is not null then 'customer_return'
            else known.return_kind
        end
    where
    known.application_number is null
    and excluded.application_number is not null;
