-- Open applications that ask for more pieces of a line than it sold: the surplus is not expected.
select
    application.merchant_id,
    min(application.application_number) as record_key,
    sum(application.quantity)
    || ' pieces applied for, ' || line.quantity || ' sold in line ' || application.entry_id as detail
from core.application
inner join core.return_case using (case_id)
inner join core.order_line as line
    on application.merchant_id = line.merchant_id and application.entry_id = line.entry_id
where return_case.closed_at is null
group by application.merchant_id, application.entry_id, line.quantity
having sum(application.quantity) > line.quantity
