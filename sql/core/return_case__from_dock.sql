-- core.return_case: what the dock knows. A parcel at the dock is a signal of its own. An application that another case
-- has already stays with it, whatever the label of the parcel says. A batch may tell of one case twice.
insert into core.return_case as known (
    case_id, merchant_id, order_id, episode, application_number, return_kind, status, quantity, units_lo, units_hi,
    requested_from, requested_to
)
select distinct on (staged.case_id)
    staged.case_id,
    staged.merchant_id,
    staged.order_id,
    staged.episode,
    case when other.case_id is null then staged.application_number end as application_number,
    staged.return_kind,
    staged.status,
    staged.quantity,
    staged.units_lo,
    staged.units_hi,
    staged.requested_from,
    staged.requested_to
from stage_return_case as staged
left join core.return_case as other
    on
        staged.merchant_id = other.merchant_id
        and staged.application_number = other.application_number
        and staged.case_id <> other.case_id
order by staged.case_id asc, staged.application_number asc nulls last, staged.requested_to asc
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
