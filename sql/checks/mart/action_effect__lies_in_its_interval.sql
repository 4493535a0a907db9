-- An effect is positive and inside its interval; without data there is none, and with one there is an interval.
select
    merchant_id,
    action_id::text as record_key,
    concat_ws(' ', verdict, 'effect', effect, 'from', lo, 'to', hi) as detail
from mart.batch_action_effect
where
    (verdict = 'not_enough_data') <> (effect is null)
    or (effect is null) <> (lo is null)
    or (effect is null) <> (hi is null)
    or not (lo > 0 and lo <= effect and effect <= hi)
