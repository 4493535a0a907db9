-- What the two systems say of a unit's steps, where the other one tells of them.
select
    type,
    other_source,
    other_at,
    other_actor,
    other_says,
    record_source,
    record_at,
    record_actor,
    record_says,
    record_event_id is null or other_says <> record_says as differs
from core.compared_step
where unit_id = %(unit_id)s
order by other_at;
