-- A quarantined row of an application stays in raw, marked.
update raw.application
set quarantined = true
from stage_drop
where
    application.merchant_id = stage_drop.merchant_id
    and application.application_number || '#' || left(encode(application.row_hash, 'hex'), 16) = stage_drop.record_key
    and application.published_at is null;
