-- Those that could not be read: Kaspi has them no more, or they are put aside again. The others go when published.
delete from ops.reread
where merchant_id = %(merchant_id)s and order_id = any(%(order_ids)s);
