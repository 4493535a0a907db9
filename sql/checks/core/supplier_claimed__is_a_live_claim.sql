-- A piece stands in supplier_claimed exactly where a claim to its supplier names it and was not withdrawn.
with live as (
    select
        unit.merchant_id,
        unit.unit_id,
        unit.claim_id
    from core.supplier_claim_unit as unit
    where
        not exists (
            select 1
            from core.supplier_claim_withdrawn as withdrawn
            where withdrawn.claim_id = unit.claim_id
        )
)

select
    coalesce(live.merchant_id, claimed.merchant_id) as merchant_id,
    coalesce(live.unit_id, claimed.unit_id) as record_key,
    'live claim by the history: ' || coalesce(live.claim_id::text, 'none') || ', as it stands: '
    || coalesce(claimed.claim_id::text, 'none') as detail
from live
full join core.supplier_claimed as claimed on live.unit_id = claimed.unit_id
where live.claim_id is distinct from claimed.claim_id
