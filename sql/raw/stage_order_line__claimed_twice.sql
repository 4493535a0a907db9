-- A line belongs to one order. Of several orders of the batch that name the same one the first keeps it.
delete from raw.stage_order_line as claimed
using raw.stage_order_line as kept
where
    claimed.dag_id = %(dag_id)s
    and claimed.run_id = %(run_id)s
    and claimed.merchant_id = %(merchant_id)s
    and kept.dag_id = %(dag_id)s
    and kept.run_id = %(run_id)s
    and kept.merchant_id = %(merchant_id)s
    and kept.entry_id = claimed.entry_id
    and kept.order_id < claimed.order_id
returning
    claimed.order_id,
    claimed.entry_id,
    kept.order_id as kept_by;
