-- mart.waiting: what the changed units add to where they wait, and what they added before goes.
insert into mart.waiting as known (
    merchant_id, category, supplier, state, zone, since_day, units, value
)
select
    change.merchant_id,
    change.category,
    change.supplier,
    change.state,
    change.zone,
    core.day_of(change.since) as since_day,
    sum(change.sign) as units,
    sum(change.sign * change.value) as value
from stage_change as change
where change.closed_at is null
group by
    change.merchant_id, change.state, change.zone, core.day_of(change.since),
    grouping sets ((), (change.category), (change.supplier), (change.category, change.supplier))
having
    sum(change.sign) <> 0
    or sum(change.sign * change.value) <> 0
-- what is read together lies together
order by 1, 2, 3, 4, 5, 6
on conflict (merchant_id, category, supplier, state, zone, since_day) do update
    set
        units = known.units + excluded.units,
        value = known.value + excluded.value;

delete from mart.waiting
where merchant_id = %(merchant_id)s and units = 0;
