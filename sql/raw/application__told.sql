-- Every row of these applications, the published ones too: they are merged anew.
select
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
    named_at,
    confirmed_at
from raw.application
where merchant_id = %(merchant_id)s and application_number = any(%(numbers)s) and not quarantined;
