-- Events that waited too long for their predecessor are taken out, in one statement: what is being booked is not.
-- Goods that nobody expected are adopted when their order comes, days later too: what was done to them until then waits
-- as long as they do.
delete from ledger.event_inbox
using ops.setting as setting
where
    setting.name = 'inbox_hours'
    and event_inbox.merchant_id = %(merchant_id)s
    and event_inbox.waiting_since
    < %(now)s::timestamptz - make_interval(hours => (setting.value)::text::integer)
    and not exists (
        select 1
        from ledger.unit
        where unit.unit_id = event_inbox.unit_id and unit.state = 'unexpected'
    )
returning
    event_inbox.event_id,
    event_inbox.unit_id,
    event_inbox.merchant_id,
    event_inbox.type,
    event_inbox.occurred_at,
    event_inbox.actor,
    event_inbox.source,
    event_inbox.payload,
    event_inbox.reason;
