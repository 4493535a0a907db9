-- The defects that a checklist asks for, of every category and (*) of all of them, in the order in which they are asked.
select
    category,
    code,
    finding,
    name_ru,
    name_kk,
    name_en
from core.defect
where active
order by category = '*', category, "position", code;
