-- What the quarantine holds, by source and status; see console/quarantine about ``gone``.
select
    source,
    case
        when status = 'replayed' and replayed_at < %(now)s::timestamptz - interval '1 day' then 'gone'
        else status
    end as status,
    count(*)::integer as records
from ops.quarantine
where merchant_id = %(merchant_id)s or %(merchant_id)s::text is null
group by 1, 2
order by source asc, status asc;
