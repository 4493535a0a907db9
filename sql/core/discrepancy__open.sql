select count(*)::integer as open
from core.discrepancy
where merchant_id = %(merchant_id)s and status = 'open';
