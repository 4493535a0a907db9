-- channel.feed_version: the staged version of a passed part becomes the one that is served. Versions only rise:
-- one that a later run has overtaken is kept aside.
with newest as (
    select max(version) as version
    from channel.feed_version
    where merchant_id = %(merchant_id)s and status = 'published'
)

update channel.feed_version
set
    status = case when coalesce(newest.version, 0) < feed_version.version then 'published' else 'held' end,
    published_at = case when coalesce(newest.version, 0) < feed_version.version then %(now)s::timestamptz end,
    held_reason = case
        when newest.version > feed_version.version then 'version ' || newest.version || ' was published first'
    end
from newest
where
    feed_version.merchant_id = %(merchant_id)s
    and feed_version.dag_id = %(dag_id)s
    and feed_version.run_id = %(run_id)s
    and feed_version.status = 'staged';

-- Units that wait again before anybody took the list that carried them are not on sale by that list.
update channel.addition
set
    published_version = null,
    published_at = null
where
    merchant_id = %(merchant_id)s
    and waiting_reason is not null
    and published_version is not null
    and fetched_at is null;

with newest as (
    select max(version) as version
    from channel.feed_version
    where merchant_id = %(merchant_id)s and status = 'published'
)

update channel.addition
set
    published_version
    = case when addition.channel <> 'off_kaspi' then coalesce(addition.published_version, newest.version) end,
    published_at = coalesce(addition.published_at, %(now)s),
    price = coalesce(carried.price, addition.price)
from channel.stage_addition as carried, newest
where
    carried.merchant_id = %(merchant_id)s
    and carried.dag_id = %(dag_id)s
    and carried.run_id = %(run_id)s
    and addition.unit_id = carried.unit_id
    and addition.decision_seq = carried.decision_seq
    and (
        addition.published_at is null
        or addition.price is distinct from coalesce(carried.price, addition.price)
        or (addition.published_version is null and addition.channel <> 'off_kaspi')
    );
