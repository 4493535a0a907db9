-- Returned units in the published price lists, the first published first, from behind the one shown last; each row with
-- the counts of all of them. Marked are those that somebody saw on sale. As sql/console/lists.sql counts them.
with listed as materialized (
    select
        addition.unit_id as key,
        addition.published_at as at,
        addition.observed_at is not null as marked
    from channel.addition
    inner join ledger.unit on addition.unit_id = unit.unit_id
    where
        addition.merchant_id = any(%(merchants)s)
        and addition.withdrawn_at is null
        and addition.published_at is not null
        and unit.state in ('restock_pending', 'on_sale')
),

total as (
    select
        count(*)::bigint as all_units,
        (count(*) filter (where marked))::bigint as all_marked
    from listed
),

page as (
    select *
    from listed
    where
        (listed.at, listed.key) > (%(after)s::timestamptz, %(after_key)s::uuid)
        and (listed.marked = (%(part)s = 'yes') or %(part)s::text is null)
    order by listed.at, listed.key
    limit %(shown)s
)

select
    page.key,
    page.at,
    page.marked,
    null::bigint as amount,
    total.all_units,
    total.all_marked
from total
left join page on true
order by page.at, page.key;
