-- Units that reached each stage between two moments; merchant_id NULL is the whole house.
select
    count(*) filter (where requested_at >= %(since)s and requested_at < %(until)s)::integer as requested,
    count(*) filter (where received_at >= %(since)s and received_at < %(until)s)::integer as received,
    count(*) filter (where inspected_at >= %(since)s and inspected_at < %(until)s)::integer as inspected,
    count(*) filter (where worked.worked_at >= %(since)s and worked.worked_at < %(until)s)::integer as repaired,
    count(*) filter (where qc_at >= %(since)s and qc_at < %(until)s)::integer as qc_passed,
    count(*) filter (where on_sale_at >= %(since)s and on_sale_at < %(until)s)::integer as on_sale,
    count(*) filter (where resold_at >= %(since)s and resold_at < %(until)s)::integer as resold,
    count(*) filter (
        where
        state in ('written_off', 'to_supplier', 'disposed')
        and closed_at >= %(since)s
        and closed_at < %(until)s
    )::integer as ended_otherwise
from ledger.unit as unit
left join lateral (
    select min(event.occurred_at) as worked_at
    from ledger.effective_event as event
    where event.unit_id = unit.unit_id and event.type in ('repaired', 'repacked')
) as worked on true
where unit.merchant_id = %(merchant_id)s or %(merchant_id)s is null;
