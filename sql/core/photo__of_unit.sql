-- Whose the unit is and how many photos it has. The unit is locked before anybody counts: a second sender counts anew.
select unit.unit_id
from ledger.unit
where unit.unit_id = %(unit_id)s
for update;

select
    unit.unit_id,
    unit.merchant_id,
    (
        select count(*)
        from core.photo
        where photo.unit_id = unit.unit_id
    )::integer as photos,
    exists(
        select 1
        from core.photo
        where photo.photo_id = %(photo_id)s
    ) as known
from ledger.unit
where unit.unit_id = %(unit_id)s;
