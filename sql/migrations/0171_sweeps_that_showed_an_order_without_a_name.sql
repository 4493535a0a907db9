-- A record whose id cannot be read may be any order of its span: a sweep that showed one says nothing of what it did
-- not see.
alter table ops.sweep add column nameless boolean not null default false;
comment on column ops.sweep.nameless is
'A record without a readable id was on its pages: any order of the span may be it.';

create view core.order_last_seen as
select
    observed.merchant_id,
    observed.order_id,
    observed.status,
    observed.seen_from,
    observed.seen_to,
    greatest(observed.seen_to, swept.started_at) as last_seen
from core.customer_order as placed
inner join lateral (
    select
        known.merchant_id,
        known.order_id,
        known.status,
        known.seen_from,
        known.seen_to
    from core.order_observation as known
    where known.merchant_id = placed.merchant_id and known.order_id = placed.order_id
    order by known.episode desc
    limit 1
) as observed on true
left join lateral (
    select sweep.started_at
    from ops.sweep
    where
        sweep.merchant_id = placed.merchant_id
        and sweep.published
        and not sweep.nameless
        and placed.created_at between sweep.created_from and sweep.created_to
    order by sweep.started_at desc
    limit 1
) as swept on true;
comment on view core.order_last_seen is
'The status an order has, and when it was last seen to have it: no row is written for a sweep that shows nothing new.';
