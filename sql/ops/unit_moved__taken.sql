-- Everything is judged: what was noted until now is of it.
delete from ops.unit_moved
where merchant_id = %(merchant_id)s;
