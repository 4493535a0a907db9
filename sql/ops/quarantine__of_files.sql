-- Where a row of an application was read: an operator looks into his file, not into a run.
update ops.quarantine
set pointer = file.name || ', line ' || application.line
from stage_drop
inner join raw.application
    on
        stage_drop.merchant_id = application.merchant_id
        and application.application_number = regexp_replace(stage_drop.record_key, '#[^#]*$', '')
        and application.application_number || '#' || left(encode(application.row_hash, 'hex'), 16)
        = stage_drop.record_key
inner join raw.application_file as file
    on application.merchant_id = file.merchant_id and application.file_sha256 = file.sha256
where
    quarantine.merchant_id = stage_drop.merchant_id
    and quarantine.source = %(dag_id)s
    and quarantine.record_key = stage_drop.record_key;
