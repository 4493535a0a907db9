-- What waits in the quarantine, by source and reason, and for how long; merchant, source and reason may be NULL.
select
    source,
    reason,
    count(*)::integer as waiting,
    min(first_seen) as oldest,
    (count(*) filter (where first_seen > %(now)s::timestamptz - interval '1 day'))::integer as of_a_day,
    (count(*) filter (where first_seen <= %(now)s::timestamptz - interval '14 days'))::integer as older
from ops.quarantine
where
    status = 'open'
    and (merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
    and (source = %(source)s or %(source)s::text is null)
    and (reason = %(reason)s or %(reason)s::text is null)
group by source, reason
order by waiting desc, oldest asc, source asc, reason asc
limit %(shown)s;
