-- A published application that no line of its order fits: its pieces are not certain until one does.
select
    merchant_id,
    application_number as record_key,
    'nothing tells which line of order ' || order_code || ' it is about' as detail
from core.application
where entry_id is null
