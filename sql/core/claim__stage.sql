create temporary table if not exists stage_claim_event (
    unit_id uuid not null,
    merchant_id text not null,
    like core.claim_event
) on commit drop;
truncate stage_claim_event;
