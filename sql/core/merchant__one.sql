select *
from core.merchant
where merchant_id = %(merchant_id)s;
