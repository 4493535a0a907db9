-- What defects are called, by the checklist of a category, else by that of every category.
select distinct on (code)
    code,
    name_ru,
    name_kk,
    name_en
from core.defect
where code = any(%(codes)s::text[]) and category in (%(category)s, '*')
order by code asc, category = '*' asc;
