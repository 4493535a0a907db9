-- core.warehouse and core.zone: a warehouse with a zone for each purpose. What is not said of a known one stays.
insert into core.warehouse (warehouse)
values (%(warehouse)s)
on conflict (warehouse) do nothing;

insert into core.zone (warehouse, zone, purpose)
select
    %(warehouse)s,
    named.purpose,
    named.purpose as of_this_purpose
from
    unnest(
        array['dock', 'quarantine', 'resellable', 'repair', 'unrecoverable', 'active_stock']
    ) as named (purpose)
where
    not exists (
        select 1
        from core.zone
        where zone.warehouse = %(warehouse)s
    )
on conflict (warehouse, zone) do nothing;

update core.warehouse
set system_of_record = system_of_record || %(system_of_record)s
where
    warehouse = %(warehouse)s
    and system_of_record <> system_of_record || %(system_of_record)s;
