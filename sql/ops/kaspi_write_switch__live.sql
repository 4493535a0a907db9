select live
from ops.kaspi_write_switch
where merchant_id = %(merchant_id)s and action = %(action)s
order by id desc
limit 1;
