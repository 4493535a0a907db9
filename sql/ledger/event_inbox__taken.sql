delete from ledger.event_inbox
where event_id = any(%(event_ids)s::uuid[]);
