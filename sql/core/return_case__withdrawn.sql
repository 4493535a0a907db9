-- A case whose order went back to a status of no return, with nothing received, is withdrawn.
update core.return_case
set
    status = 'cancelled',
    closed_at = %(now)s
from core.customer_order as placed, raw.stage_order as staged
where
    return_case.merchant_id = %(merchant_id)s
    and return_case.closed_at is null
    and return_case.application_number is null
    and return_case.signal_status is not null
    and placed.merchant_id = return_case.merchant_id
    and placed.order_id = return_case.order_id
    and staged.dag_id = %(dag_id)s
    and staged.run_id = %(run_id)s
    and staged.merchant_id = placed.merchant_id
    and staged.order_id = placed.order_id
    and placed.status in ('COMPLETED', 'ACCEPTED_BY_MERCHANT', 'APPROVED_BY_BANK')
    and not exists (
        select 1
        from ledger.unit
        where unit.case_id = return_case.case_id and unit.received_at is not null
    );
