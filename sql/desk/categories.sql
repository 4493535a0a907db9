select distinct category
from core.product
where category <> 'unknown'
order by category;
