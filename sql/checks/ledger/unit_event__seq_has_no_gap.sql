-- seq is gap-free, and every event begins where the one before it ended.
select
    chain.merchant_id,
    chain.unit_id as record_key,
    'event ' || chain.seq || ' follows ' || coalesce(chain.seq_before::text, 'nothing') || ' in state '
    || coalesce(chain.state_before, 'none') || ' but begins in ' || coalesce(chain.state_from, 'none') as detail
from (
    select
        merchant_id,
        unit_id,
        seq,
        state_from,
        lag(seq) over (partition by unit_id order by seq) as seq_before,
        lag(state_to) over (partition by unit_id order by seq) as state_before
    from ledger.unit_event
) as chain
where chain.seq <> coalesce(chain.seq_before, 0) + 1 or chain.state_from is distinct from chain.state_before
