-- One product of a supplier's, if there is any.
select sku
from core.product
where merchant_id = %(merchant_id)s and supplier = %(supplier)s
order by sku
limit 1;
