-- mart.received_cause_weekly: why the changed units came back; what they were counted by before, goes.
insert into mart.received_cause_weekly as known (
    merchant_id, category, supplier, week_start, stated_reason, cause, units, value
)
select
    change.merchant_id,
    change.category,
    change.supplier,
    core.week_of(change.received_at) as week_start,
    change.stated_reason,
    change.cause,
    sum(change.sign) as units,
    sum(change.sign * change.value) as value
from stage_change as change
where change.received_at is not null
group by
    change.merchant_id, core.week_of(change.received_at), change.stated_reason, change.cause,
    grouping sets ((), (change.category), (change.supplier), (change.category, change.supplier))
having
    sum(change.sign) <> 0
    or sum(change.sign * change.value) <> 0
-- what is read together lies together
order by 1, 2, 3, 4, 5, 6
on conflict (merchant_id, category, supplier, week_start, stated_reason, cause) do update
    set
        units = known.units + excluded.units,
        value = known.value + excluded.value;

delete from mart.received_cause_weekly
where merchant_id = %(merchant_id)s and units = 0;
