-- Rows of the projection that nothing ever happened to.
delete from ledger.unit
where unit_id = any(%(unit_ids)s::uuid[]);
