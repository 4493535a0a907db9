-- core.application: the staged state; an unchanged one is not written.
insert into core.application as known (
    merchant_id, application_number, order_id, case_id, entry_id, order_code, master_code, sku, product_name, quantity,
    reason_code, reason_text, stated_reason, created_at, tab, step, step_at, in_transit_at, arrived_at, return_label
)
select
    merchant_id,
    application_number,
    order_id,
    case_id,
    entry_id,
    order_code,
    master_code,
    sku,
    product_name,
    quantity,
    reason_code,
    reason_text,
    stated_reason,
    created_at,
    tab,
    step,
    step_at,
    in_transit_at,
    arrived_at,
    return_label
from stage_core_application
order by application_number
on conflict (merchant_id, application_number) do update
    set
        entry_id = excluded.entry_id,
        master_code = excluded.master_code,
        sku = excluded.sku,
        product_name = excluded.product_name,
        quantity = excluded.quantity,
        reason_code = excluded.reason_code,
        reason_text = excluded.reason_text,
        stated_reason = excluded.stated_reason,
        created_at = excluded.created_at,
        tab = excluded.tab,
        step = excluded.step,
        step_at = excluded.step_at,
        in_transit_at = excluded.in_transit_at,
        arrived_at = excluded.arrived_at,
        return_label = excluded.return_label
    where known is distinct from excluded;
