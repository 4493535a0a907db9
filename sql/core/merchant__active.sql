-- Who pays for being first is asked for first; see core.merchant.tier.
select merchant_id
from core.merchant
where active
order by (tier = 'priority') desc, merchant_id asc;
