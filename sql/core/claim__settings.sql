select
    max(value::text::integer) filter (where name = 'claim_days_same_city') as days_same_city,
    max(value::text::integer) filter (where name = 'claim_days_country') as days_country,
    max(value::text::integer) filter (where name = 'claim_hours_without_note') as hours_without_note
from ops.setting;
