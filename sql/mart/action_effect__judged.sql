-- To which Monday's knowledge each of a merchant's actions was judged.
select
    action_id,
    (evidence ->> 'judged_to')::date as judged_to
from mart.action_effect
where merchant_id = %(merchant_id)s;
