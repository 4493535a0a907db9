-- A merchant's last look at what was expected and received, and whether events of its last hour came after it looked.
select
    look.looked_at,
    look.days,
    look.recorded <> (
        select count(*)
        from ledger.unit_event as event
        where
            event.merchant_id = look.merchant_id
            and event.recorded_at >= look.looked_at - %(overlap)s
            and event.recorded_at <= look.looked_at
    ) as came_late
from ops.verdict_look as look
where look.merchant_id = %(merchant_id)s;
