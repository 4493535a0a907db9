select merchant_id
from core.merchant
where active
order by merchant_id;
