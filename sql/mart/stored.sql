-- mart.stored: the changed units that are here, by the day they came; where they were counted before, they go.
insert into mart.stored as known (
    merchant_id, category, supplier, warehouse, came_on, units
)
select
    change.merchant_id,
    change.category,
    change.supplier,
    coalesce(change.warehouse, '') as warehouse,
    core.day_of(change.received_at) as came_on,
    sum(change.sign) as units
from stage_change as change
where change.closed_at is null and change.received_at is not null
group by
    change.merchant_id, coalesce(change.warehouse, ''), core.day_of(change.received_at),
    grouping sets ((), (change.category), (change.supplier), (change.category, change.supplier))
having sum(change.sign) <> 0
-- what is read together lies together
order by 1, 2, 3, 4, 5
on conflict (merchant_id, category, supplier, warehouse, came_on) do update
    set
        units = known.units + excluded.units;

delete from mart.stored
where merchant_id = %(merchant_id)s and units = 0;
