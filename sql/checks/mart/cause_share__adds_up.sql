-- The corrected shares of causes of a week are shares, each inside its interval, and together one.
select
    merchant_id,
    week_start::text as record_key,
    'shares from ' || min(value) || ' to ' || max(value) || ', together ' || sum(value) as detail
from mart.batch_cause_share
group by merchant_id, week_start
having abs(sum(value) - 1) > 0.001 or not bool_and(0 <= lo and lo <= value and value <= hi and hi <= 1)
