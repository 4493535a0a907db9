-- Only Kaspi's own GETs prove that a list was fetched: a person or a monitor may know the address as well.

insert into ops.setting (name, value, meaning) values
(
    'feed_puller_user_agent',
    '"kaspi"',
    'a GET of the price list is Kaspi''s when its User-Agent matches this regular expression, case ignored'
);

-- A pattern that does not compile is refused where it is written, not by the next run.
alter table ops.setting
add constraint feed_puller_user_agent_is_a_pattern check (
    case
        when name = 'feed_puller_user_agent'
            then jsonb_typeof(value) = 'string' and ('' ~* (value #>> '{}')) is not null
        else true
    end
);

create view channel.kaspi_pull as
select
    feed_fetch.merchant_id,
    feed_fetch.version,
    feed_fetch.fetched_at,
    feed_fetch.status
from channel.feed_fetch
inner join ops.setting as setting on setting.name = 'feed_puller_user_agent'
where coalesce(feed_fetch.user_agent, '') ~* (setting.value #>> '{}');
comment on view channel.kaspi_pull is 'The GETs of the price list that were Kaspi''s own, by their User-Agent.';

-- Which unit an order sold is asked when its goods come back.
create index unit_sold_order on ledger.unit (merchant_id, sold_order_id) where sold_order_id is not null;
create index unit_previous on ledger.unit (previous_unit_id) where previous_unit_id is not null;
create index sale_order on channel.sale (merchant_id, order_id);
