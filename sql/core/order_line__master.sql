-- core.order_line: the staged answers of Kaspi's product directory.
update core.order_line
set master_code = answered.master_code
from (
    select
        entry_id,
        max(master_code) as master_code
    from stage_master
    group by entry_id
) as answered
where
    order_line.merchant_id = %(merchant_id)s
    and order_line.entry_id = answered.entry_id
    and order_line.master_code is distinct from answered.master_code;
