-- Claims that must be sent soon: each is told. Its alert ends by itself when the claim is sent, over, or due later.
insert into ops.alert as known (alert_key, merchant_id, kind, message, raised_at)
select
    'claim_due/' || coalesce(unit.unit_label, unit.unit_id::text) || ' ' || left(claim.claim_id::text, 8),
    claim.merchant_id,
    'claim_due',
    'claim ' || claim.claim_id || ', ' || claim.status || ': send it before '
    || to_char(claim.due_at at time zone 'Asia/Almaty', 'YYYY-MM-DD HH24:MI') || ' Almaty time'
    || case when claim.missing <> '{}' then '; it lacks: ' || array_to_string(claim.missing, ', ') else '' end,
    %(now)s
from core.claim
inner join ledger.unit on claim.unit_id = unit.unit_id
inner join ops.setting on setting.name = 'claim_alert_hours'
where
    claim.merchant_id = %(merchant_id)s
    and claim.status in ('draft', 'ready')
    and claim.due_at > %(now)s
    and claim.due_at <= %(now)s::timestamptz + make_interval(hours => (setting.value #>> '{}')::integer)
order by 1
on conflict (alert_key) do update
    set
        message = excluded.message,
        raised_at = excluded.raised_at,
        cleared_at = null,
        told_at = null
    where known.cleared_at is not null;

update ops.alert
set cleared_at = %(now)s
where
    alert.cleared_at is null
    and alert.kind = 'claim_due'
    and alert.merchant_id = %(merchant_id)s
    and not exists (
        select 1
        from core.claim
        inner join ops.setting on setting.name = 'claim_alert_hours'
        where
            claim.merchant_id = %(merchant_id)s
            and claim.status in ('draft', 'ready')
            and claim.due_at > %(now)s
            and claim.due_at <= %(now)s::timestamptz + make_interval(hours => (setting.value #>> '{}')::integer)
            and right(alert.alert_key, 8) = left(claim.claim_id::text, 8)
    );
