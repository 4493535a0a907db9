-- mart.speed_weekly: how long the changed units took; what they were counted by before, goes.
insert into mart.speed_weekly as known (
    merchant_id, category, supplier, week_start, measure, outcome, bucket, units
)
select
    change.merchant_id,
    change.category,
    change.supplier,
    core.week_of(change.received_at) as week_start,
    went.measure,
    went.outcome,
    went.bucket,
    sum(change.sign) as units
from stage_change as change
cross join
    lateral (
        -- the merchant's own outlet and every other end compete with being on sale on Kaspi
        values
        ('decided', change.decided_at, change.closed_at),
        (
            'sellable',
            case when change.channel <> 'off_kaspi' then change.on_sale_at end,
            coalesce(change.on_sale_at, change.closed_at)
        )
    ) as aim (measure, at, ended_at)
cross join
    lateral (
        values (
            aim.measure,
            case when aim.at is not null then 'reached' when aim.ended_at is null then 'open' else 'ended' end,
            coalesce(core.speed_bucket(coalesce(aim.at, aim.ended_at) - change.received_at), -1)
        )
    ) as went (measure, outcome, bucket)
where change.received_at is not null
group by
    change.merchant_id, core.week_of(change.received_at), went.measure, went.outcome, went.bucket,
    grouping sets ((), (change.category), (change.supplier), (change.category, change.supplier))
having sum(change.sign) <> 0
-- what is read together lies together
order by 1, 2, 3, 4, 5, 6, 7
on conflict (merchant_id, category, supplier, week_start, measure, outcome, bucket) do update
    set
        units = known.units + excluded.units;

delete from mart.speed_weekly
where merchant_id = %(merchant_id)s and units = 0;
