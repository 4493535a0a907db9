-- Units that have passed QC and wait for a decision, with all that the policy and the price need.
select
    unit_id,
    merchant_id,
    seq,
    state,
    sku,
    store_id,
    base_includes_returns,
    grade,
    route,
    finding,
    signs_of_use,
    repaired,
    packaging_intact,
    repacked,
    main_price,
    resale_sku,
    qc_at,
    ruling_id,
    ruled_route,
    ruled_by,
    ruled_because
from channel.unit_condition
where merchant_id = %(merchant_id)s and state = 'qc'
order by qc_at, unit_id;
