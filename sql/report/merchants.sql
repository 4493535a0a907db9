-- The merchants that are served, with where and in which language their mail goes.
select
    merchant_id,
    name,
    locale,
    report_email
from core.merchant
where active
order by merchant_id;
