-- The whole price list as far as it can price units of a merchant; merchant_id NULL: all of it.
select
    version,
    merchant_id,
    warehouse,
    term,
    per,
    code,
    valid_from,
    amount,
    permille,
    name_ru,
    name_kk,
    name_en
from core.rate_card
where merchant_id in ('*', %(merchant_id)s) or %(merchant_id)s is null
order by version, merchant_id, warehouse, term, per, code, valid_from;
