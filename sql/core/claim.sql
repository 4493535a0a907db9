-- core.claim_event and its projection core.claim: the staged states.
insert into core.claim as known (
    claim_id, unit_id, merchant_id, seq, status, tier, amount, due_at, why, missing, notes, opened_at, changed_at,
    sent_at, decided_at, accepted_amount, paid_at, paid_amount, lost_because
)
select
    claim_id,
    unit_id,
    merchant_id,
    seq,
    status,
    tier,
    amount,
    due_at,
    why,
    missing,
    notes,
    recorded_at as opened_at,
    recorded_at as changed_at,
    case when status = 'sent' then happened_at end,
    case when status in ('accepted', 'rejected') then happened_at end,
    case when status = 'accepted' then money end,
    case when status = 'paid' then happened_at end,
    case when status = 'paid' then money end,
    lost_because
from stage_claim_event
order by claim_id
on conflict (claim_id) do update
    set
        seq = excluded.seq,
        status = excluded.status,
        tier = excluded.tier,
        amount = excluded.amount,
        due_at = excluded.due_at,
        why = excluded.why,
        missing = excluded.missing,
        notes = excluded.notes,
        changed_at = excluded.changed_at,
        lost_because = excluded.lost_because,
        -- what was so before the state stays; what a step back undoes goes
        sent_at = case
            when excluded.status in ('accepted', 'rejected', 'paid') then known.sent_at
            when excluded.status = 'sent' then coalesce(known.sent_at, excluded.sent_at)
        end,
        decided_at = case
            when excluded.status in ('accepted', 'rejected') then coalesce(known.decided_at, excluded.decided_at)
            when excluded.status = 'paid' then known.decided_at
        end,
        accepted_amount = case
            when excluded.status = 'accepted' then coalesce(excluded.accepted_amount, known.accepted_amount)
            when excluded.status = 'paid' then known.accepted_amount
        end,
        paid_at = excluded.paid_at,
        paid_amount = excluded.paid_amount;

insert into core.claim_event (
    claim_id, seq, status, tier, amount, due_at, why, missing, notes, happened_at, money, lost_because, note, actor,
    recorded_at
)
select
    claim_id,
    seq,
    status,
    tier,
    amount,
    due_at,
    why,
    missing,
    notes,
    happened_at,
    money,
    lost_because,
    note,
    actor,
    recorded_at
from stage_claim_event
order by claim_id, seq;
