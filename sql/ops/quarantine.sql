-- ops.quarantine: a record that comes again with the same reason is the same row.
insert into ops.quarantine (merchant_id, source, record_key, reason, pointer, payload, first_seen)
select
    merchant_id,
    source,
    record_key,
    reason,
    pointer,
    payload,
    first_seen
from stage_quarantine
on conflict (merchant_id, source, record_key, reason) do nothing;
