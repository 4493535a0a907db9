-- An effect is positive and inside its interval; without data there is none, and with one there is an interval.
select
    merchant_id,
    action_id::text as record_key,
    verdict || ': ' || coalesce(effect::text, '-') || ', ' || coalesce(lo::text, '-') || ' to ' || coalesce(hi::text, '-')
    as detail
from mart.batch_action_effect
where
    (verdict = 'not_enough_data') <> (effect is null)
    or (effect is null) <> (lo is null)
    or (effect is null) <> (hi is null)
    or not (0 < lo and lo <= effect and effect <= hi)
