-- The projection of every unit that moved in this run stands where its last event left it.
select
    unit.merchant_id,
    unit.unit_id as record_key,
    'projection ' || unit.state || ' #' || unit.seq || ', last event ' || last_event.state_to || ' #' || last_event.seq
        as detail
from ledger.unit
inner join lateral (
    select
        unit_event.seq,
        unit_event.state_to
    from ledger.unit_event
    where unit_event.unit_id = unit.unit_id
    order by unit_event.seq desc
    limit 1
) as last_event on true
where
    unit.merchant_id = %(merchant_id)s
    and unit.unit_id in (
        select moved.unit_id
        from ledger.unit_event as moved
        where moved.merchant_id = %(merchant_id)s and moved.recorded_at = %(now)s
    )
    and (unit.seq <> last_event.seq or unit.state <> last_event.state_to);
