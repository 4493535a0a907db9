-- The defects that are asked for now, those of every category after a category's own.
select
    category,
    code,
    kind,
    finding,
    repairable,
    main_part,
    name_ru,
    name_kk,
    name_en
from core.defect
where active and (%(category)s::text is null or category in (%(category)s, '*'))
order by category = '*', category, "position", code;
