-- A share of units is between 0 and 1 and inside its own interval; a duration or a cost is not negative.
select
    merchant_id,
    cell as record_key,
    'value ' || value || ', interval ' || coalesce(lo::text, '-') || ' to ' || coalesce(hi::text, '-') as detail
from mart.batch_kpi_weekly
where
    value < 0
    or (kpi ~ '^(return_rate|relisted_share|resale_share$|reconciled_share)' and value > 1)
    or value not between coalesce(lo, value) and coalesce(hi, value)
