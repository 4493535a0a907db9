-- The open cases of which nobody knows how many pieces come back, and the least and the most of these pieces.
select
    coalesce(sum(cases), 0)::integer as cases,
    coalesce(sum(units_lo), 0)::integer as units_lo,
    coalesce(sum(units_hi), 0)::integer as units_hi
from mart.unquantified
where merchant_id = any(%(merchants)s);
