-- The merchants whose lists are kept.
select
    merchant_id,
    base_list_connection_id
from core.merchant
where active
order by merchant_id;
