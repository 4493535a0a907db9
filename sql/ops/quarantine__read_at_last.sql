-- Rows of a file that could not be read and can be now: what was put aside of them is settled.
update ops.quarantine
set status = 'replayed'
where
    merchant_id = %(merchant_id)s
    and source = %(source)s
    and status = 'open'
    and starts_with(record_key, %(file_sha256)s || '#')
    and record_key <> all(%(still)s);
