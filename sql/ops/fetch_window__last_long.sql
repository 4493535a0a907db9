-- The last sweep that reached far back: its oldest window began more than 47 days before it started.
select max(started_at) as started_at
from ops.fetch_window
where
    merchant_id = %(merchant_id)s
    and completed_at is not null
    and started_at < %(before)s
    and created_from <= started_at - interval '47 days'
    and state <> 'BY_CODE';
