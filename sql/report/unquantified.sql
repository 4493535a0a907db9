select
    coalesce(sum(cases), 0)::integer as cases,
    coalesce(sum(units_lo), 0)::integer as units_lo,
    coalesce(sum(units_hi), 0)::integer as units_hi
from mart.unquantified
where merchant_id = %(merchant_id)s or %(merchant_id)s is null;
