-- A share of units is between 0 and 1 and inside its own interval; a duration is not negative. What
-- was won back may be: the work can cost more than the goods bring, and a carrier pay more than a return had cost.
select
    merchant_id,
    cell as record_key,
    'value ' || value || ', interval ' || coalesce(lo::text, '-') || ' to ' || coalesce(hi::text, '-') as detail
from mart.batch_kpi_weekly
where
    (value < 0 and kpi not in ('net_recovery', 'reverse_logistics_cost', 'reverse_logistics_cost_share'))
    or (kpi ~ '^(return_rate|relisted_share|resale_share$|reconciled_share)' and value > 1)
    or value not between coalesce(lo, value) and coalesce(hi, value)
