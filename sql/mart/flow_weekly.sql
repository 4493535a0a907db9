-- mart.flow_weekly: what the changed units add to each step of their weeks, and what they added before goes.
insert into mart.flow_weekly as known (
    merchant_id, category, supplier, week_start, step, way, units, value, proceeds
)
select
    change.merchant_id,
    change.category,
    change.supplier,
    core.week_of(reached.at) as week_start,
    reached.step,
    reached.way,
    sum(change.sign) as units,
    sum(change.sign * change.value) as value,
    sum(change.sign * case when reached.step = 'resold' then change.proceeds else 0 end) as proceeds
from stage_change as change
cross join
    lateral (
        values
        ('requested', '', change.requested_at),
        ('received', '', change.received_at),
        ('on_sale', change.channel, change.on_sale_at),
        ('resold', change.channel, change.resold_at),
        ('ended', change.state, change.ended_at)
    ) as reached (step, way, at)
where reached.at is not null
group by
    change.merchant_id, core.week_of(reached.at), reached.step, reached.way,
    grouping sets ((), (change.category), (change.supplier), (change.category, change.supplier))
having
    sum(change.sign) <> 0
    or sum(change.sign * change.value) <> 0
    or sum(change.sign * case when reached.step = 'resold' then change.proceeds else 0 end) <> 0
-- what is read together lies together
order by 1, 2, 3, 4, 5, 6
on conflict (merchant_id, category, supplier, week_start, step, way) do update
    set
        units = known.units + excluded.units,
        value = known.value + excluded.value,
        proceeds = known.proceeds + excluded.proceeds;

delete from mart.flow_weekly
where merchant_id = %(merchant_id)s and units = 0;
