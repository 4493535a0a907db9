select
    return_case.case_id,
    return_case.order_id,
    return_case.episode,
    return_case.application_number,
    return_case.status,
    return_case.return_kind,
    return_case.entry_id
from core.return_case
where return_case.merchant_id = %(merchant_id)s and return_case.order_id = any(%(order_ids)s)
order by return_case.order_id, return_case.episode;
