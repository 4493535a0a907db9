-- What defects are called by every checklist that has them.
select
    category,
    code,
    name_ru as ru,
    name_kk as kk,
    name_en as en
from core.defect
where code = any(%(codes)s::text[]);
