-- Not more comes back than was sold; only a backfilled cohort may hold returns beyond its sold units as a bound.
select
    merchant_id,
    cohort_week || ' ' || sku as record_key,
    'sold ' || sold || ', returned ' || returned_lo || ' <= ' || returned || ' <= ' || returned_hi as detail
from mart.batch_cohort_weekly
where
    not (0 <= returned_lo and returned_lo <= returned and returned <= returned_hi and returned <= sold)
    or (returned_hi > sold and not backfilled)
