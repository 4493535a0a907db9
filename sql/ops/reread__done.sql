-- In the transaction that stores what was read (or says that Kaspi has it no more).
delete from ops.reread
where merchant_id = %(merchant_id)s and order_id = any(%(order_ids)s);
