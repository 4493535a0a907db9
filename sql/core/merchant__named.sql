select
    merchant_id,
    name
from core.merchant
order by merchant_id;
