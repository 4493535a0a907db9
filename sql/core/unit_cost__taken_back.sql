-- What voided events had cost is taken back, known or not.
insert into core.unit_cost (
    event_id, term, code, kind, unit_id, merchant_id, amount, rate_version, detail, booked_at
)
select
    booked.event_id,
    booked.term,
    booked.code,
    'taken_back',
    booked.unit_id,
    booked.merchant_id,
    -sum(coalesce(booked.amount, 0)),
    max(booked.rate_version),
    jsonb_build_object('voided_by', correction.event_id),
    %(now)s
from ledger.unit_event as correction
inner join core.unit_cost as booked
    on booked.event_id = (correction.payload ->> 'event_id')::uuid and correction.unit_id = booked.unit_id
where
    correction.event_id = any(%(event_ids)s)
    and correction.type = 'voided'
    and booked.kind <> 'taken_back'
group by booked.event_id, booked.term, booked.code, booked.unit_id, booked.merchant_id, correction.event_id
order by booked.event_id, booked.term, booked.code
on conflict (event_id, term, code, kind) do nothing;
