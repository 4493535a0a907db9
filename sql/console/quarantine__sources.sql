-- What the quarantine holds, by source and status; see console/quarantine about ``gone``. What is ``at_hand`` can be
-- asked for again, or is kept as it came.
select
    source,
    case
        when status = 'replayed' and replayed_at < %(now)s::timestamptz - interval '1 day' then 'gone'
        else status
    end as status,
    count(*)::integer as records,
    (count(*) filter (where ops.is_at_hand(merchant_id, source, record_key)))::integer as at_hand
from ops.quarantine
where merchant_id = %(merchant_id)s or %(merchant_id)s::text is null
group by 1, 2
order by source asc, status asc;
