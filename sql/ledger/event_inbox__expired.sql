-- Events that waited too long for their predecessor. Goods that nobody expected are adopted when their order comes,
-- days later too: what was done to them until then waits as long as they do.
select
    event_inbox.event_id,
    event_inbox.unit_id,
    event_inbox.type,
    event_inbox.source,
    event_inbox.payload,
    event_inbox.reason
from ledger.event_inbox
inner join ops.setting as setting on setting.name = 'inbox_hours'
where
    event_inbox.merchant_id = %(merchant_id)s
    and not exists (
        select 1
        from ledger.unit
        where unit.unit_id = event_inbox.unit_id and unit.state = 'unexpected'
    )
    and event_inbox.waiting_since
    < %(now)s::timestamptz - make_interval(hours => (setting.value)::text::integer)
order by event_inbox.waiting_since, event_inbox.event_id;
