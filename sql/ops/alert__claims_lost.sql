-- Claims that were lost to their deadline: each is told once, and ended by the person who has seen it.
insert into ops.alert (alert_key, merchant_id, kind, message, raised_at)
select
    'claim_lost/' || coalesce(unit.unit_label, unit.unit_id::text) || ' ' || left(claim.claim_id::text, 8),
    claim.merchant_id,
    'claim_lost',
    'claim ' || claim.claim_id || ' was not sent before '
    || to_char(claim.due_at at time zone 'Asia/Almaty', 'YYYY-MM-DD HH24:MI') || ' Almaty time ('
    || claim.lost_because || ')' || coalesce('; ' || claim.amount || ' tenge', ''),
    %(now)s
from core.claim
inner join ledger.unit on claim.unit_id = unit.unit_id
where claim.claim_id = any(%(claim_ids)s) and claim.status = 'expired' and claim.lost_because <> 'known_too_late'
order by 1
on conflict (alert_key) do nothing;
