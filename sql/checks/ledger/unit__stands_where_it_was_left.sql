-- Every unit stands where its last event left it: the projection has no unit without events, and no other state.
with last_event as (
    select distinct on (unit_event.unit_id)
        unit_event.unit_id,
        unit_event.seq,
        unit_event.state_to
    from ledger.unit_event
    order by unit_event.unit_id desc, unit_event.seq desc
)

select
    unit.merchant_id,
    unit.unit_id as record_key,
    'projection ' || unit.state || ' #' || unit.seq || ', last event '
    || coalesce(last_event.state_to || ' #' || last_event.seq, 'none') as detail
from ledger.unit
left join last_event on unit.unit_id = last_event.unit_id
where last_event.unit_id is null or unit.seq <> last_event.seq or unit.state <> last_event.state_to
