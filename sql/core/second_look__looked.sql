-- core.second_look: what the second inspectors saw; the first of two that look at once counts.
update core.second_look
set
    second_actor = seen.second_actor,
    looked_at = seen.looked_at,
    source = seen.source,
    event_id = seen.event_id,
    packaging_intact = seen.packaging_intact,
    complete = seen.complete,
    documents = seen.documents,
    signs_of_use = seen.signs_of_use,
    defects = seen.defects,
    grade = seen.grade,
    finding = seen.finding,
    route = seen.route
from stage_second_look as seen
where second_look.inspection_id = seen.inspection_id and second_look.looked_at is null;
