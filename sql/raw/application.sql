-- raw.application: a row is stored once. Named again by a newer file it only becomes newer.
insert into raw.application as known (
    merchant_id, application_number, row_hash, order_code, master_code, sku, product_name, quantity, reason_code,
    reason_text, created_at, tab, step, step_at, return_label, file_sha256, line, actor, taken_at, named_at,
    confirmed_at
)
select distinct on (application_number, row_hash)
    merchant_id,
    application_number,
    row_hash,
    order_code,
    master_code,
    sku,
    product_name,
    quantity,
    reason_code,
    reason_text,
    created_at,
    tab,
    step,
    step_at,
    return_label,
    file_sha256,
    line,
    actor,
    taken_at,
    named_at,
    confirmed_at
from stage_application
order by application_number asc, row_hash asc, line asc
on conflict (merchant_id, application_number, row_hash) do update
    set
        named_at = excluded.named_at,
        confirmed_at = excluded.confirmed_at
    where (known.named_at, known.confirmed_at) < (excluded.named_at, excluded.confirmed_at);

-- Brought once more, a row that was put aside is judged once more.
update raw.application
set quarantined = false
from stage_application as staged
where
    application.merchant_id = staged.merchant_id
    and application.application_number = staged.application_number
    and application.row_hash = staged.row_hash
    and application.quarantined;

-- Where its application has other rows too, that may change which of them counts: it is published again.
update raw.application
set published_at = null
from stage_application as staged
inner join raw.application as other
    on
        staged.merchant_id = other.merchant_id
        and staged.application_number = other.application_number
        and staged.row_hash <> other.row_hash
where
    application.merchant_id = staged.merchant_id
    and application.application_number = staged.application_number
    and application.row_hash = staged.row_hash
    and application.published_at is not null
    and (application.named_at, application.confirmed_at) = (staged.named_at, staged.confirmed_at);
