-- The categories of these merchants' goods.
select distinct category
from core.product
where merchant_id = any(%(merchants)s)
order by category;
