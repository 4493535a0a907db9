-- Records put aside, settled and dismissed by Almaty day, and how old a settled one was; merchant and source may be
-- NULL.
with came as (
    select
        (first_seen at time zone 'Asia/Almaty')::date as day,
        count(*)::integer as put_aside
    from ops.quarantine
    where
        first_seen >= %(since)s
        and first_seen < %(until)s
        and (merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
        and (source = %(flow)s or %(flow)s::text is null)
    group by 1
),

went as (
    select
        (done.at at time zone 'Asia/Almaty')::date as day,
        (count(*) filter (where done.action = 'replayed'))::integer as replayed,
        (count(*) filter (where done.action = 'resolved'))::integer as settled,
        (count(*) filter (where done.action = 'dismissed'))::integer as dismissed,
        (count(*) filter (where done.action = 'reopened'))::integer as reopened,
        percentile_cont(0.5) within group (
            order by
                case
                    when done.action in ('resolved', 'dismissed')
                        then extract(epoch from done.at - record.first_seen) / 3600
                end
        ) as hours
    from ops.quarantine_action as done
    inner join ops.quarantine as record on done.quarantine_id = record.id
    where
        done.at >= %(since)s
        and done.at < %(until)s
        and (record.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
        and (record.source = %(flow)s or %(flow)s::text is null)
    group by 1
)

select
    day,
    coalesce(came.put_aside, 0) as put_aside,
    coalesce(went.replayed, 0) as replayed,
    coalesce(went.settled, 0) as settled,
    coalesce(went.dismissed, 0) as dismissed,
    coalesce(went.reopened, 0) as reopened,
    went.hours
from came
full join went using (day)
order by day;
