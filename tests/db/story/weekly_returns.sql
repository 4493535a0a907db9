-- Twenty-six weeks of two merchants up to %(now)s, made without any randomness but md5 of names.
-- alpha: a batch B7 of supplier Nomad that is defective in the last weeks; beta: ordinary returns.
create function pg_temp.dice(seed text) returns float8 language sql immutable as $$
    select ('x' || substr(md5(seed), 1, 8))::bit(32)::bigint / 4294967296.0
$$;

insert into core.merchant (merchant_id, name, connection_id, base_list_connection_id, locale, report_email) values
('alpha', 'Almaty Tech', 'kaspi_shop_alpha', 'base_list_alpha', 'ru', 'owner@alpha.example.kz'),
('beta', 'Жібек Home', 'kaspi_shop_beta', 'base_list_beta', 'kk', 'owner@beta.example.kz');

insert into core.store (merchant_id, store_id, warehouse, base_includes_returns, pick_scan) values
('alpha', 'PP1', 'W1', false, true),
('beta', 'PP1', 'W1', false, false);

insert into core.product (merchant_id, sku, name, category, supplier, batch, cost)
select
    merchant_id,
    upper(left(merchant_id, 1)) || lpad(n::text, 3, '0'),
    category || ' ' || n,
    category,
    case when n %% 3 = 0 then 'Nomad' else 'Tulpar' end,
    case when n %% 6 = 0 then 'B7' else 'B1' end,
    5000
from (values ('alpha', array['Смартфоны', 'Наушники', 'Пылесосы']), ('beta', array['Посуда', 'Текстиль', 'Свет']))
    as merchant (merchant_id, categories)
cross join generate_series(1, 18) as n
cross join lateral (select categories[1 + n %% 3] as category) as named;

create temporary table placed on commit drop as
select
    merchant_id,
    merchant_id || '-' || to_char(day, 'YYYYMMDD') || '-' || slot as order_id,
    day + make_interval(hours => 9 + (pg_temp.dice(merchant_id || day || slot || 'h') * 10)::integer) as created_at,
    pg_temp.dice(merchant_id || day || slot || 'r') as fate,
    pg_temp.dice(merchant_id || day || slot || 'c') as city,
    upper(left(merchant_id, 1)) || lpad((1 + (pg_temp.dice(merchant_id || day || slot || 's') * 18)::integer %% 18)::text, 3, '0') as sku,
    case when pg_temp.dice(merchant_id || day || slot || 'q') > 0.85 then 2 else 1 end as quantity,
    slot
from (values ('alpha'), ('beta')) as merchant (merchant_id)
cross join generate_series(%(now)s::timestamptz - interval '26 weeks', %(now)s::timestamptz - interval '1 day', interval '1 day') as day
cross join generate_series(1, 8) as slot;

insert into core.customer_order (
    merchant_id, order_id, code, state, status, total_price, delivery_cost_seller, created_at, planned_delivery_at,
    handed_over_at, store_id, city, carrier, payload_hash
)
select
    merchant_id,
    order_id,
    order_id,
    'ARCHIVE',
    case when created_at < %(now)s::timestamptz - interval '4 days' then 'COMPLETED' else 'ACCEPTED_BY_MERCHANT' end,
    20000 * quantity,
    1200,
    created_at,
    created_at + interval '3 days',
    created_at + interval '1 day',
    'PP1',
    case when city < 0.5 then 'Алматы' when city < 0.8 then 'Астана' else 'Шымкент' end,
    'Kaspi Доставка',
    '\x00'
from placed;

insert into core.order_line (
    merchant_id, order_id, entry_id, entry_number, sku, product_name, category, quantity, base_price, total_price
)
select
    merchant_id,
    order_id,
    order_id || '#0',
    0,
    sku,
    sku,
    'x',
    quantity,
    20000,
    20000 * quantity
from placed;

insert into core.order_observation (merchant_id, order_id, status, state, seen_from, seen_to, episode)
select
    merchant_id,
    order_id,
    'COMPLETED',
    'ARCHIVE',
    created_at + interval '3 days',
    created_at + interval '3 days 2 hours',
    1
from placed
where created_at < %(now)s::timestamptz - interval '4 days';

insert into ops.sweep (
    merchant_id, dag_id, run_id, created_from, created_to, started_at, completed_at, long, seen, counted, published
)
select
    merchant_id,
    'kaspi_returns_ingest',
    'story-' || day,
    day - interval '3 days',
    day,
    day,
    day + interval '5 minutes',
    false,
    0,
    0,
    true
from (values ('alpha'), ('beta')) as merchant (merchant_id)
cross join generate_series(%(now)s::timestamptz - interval '26 weeks', %(now)s::timestamptz, interval '1 day') as day;

create temporary table came_back on commit drop as
select
    placed.*,
    md5(placed.order_id || 'case')::uuid as case_id,
    md5(placed.order_id || 'unit')::uuid as unit_id,
    placed.created_at + interval '3 days' + make_interval(hours => 48 + (pg_temp.dice(placed.order_id || 'w') * 200)::integer) as requested_at,
    pg_temp.dice(placed.order_id || 'k') as kind,
    case
        when product.batch = 'B7' and placed.merchant_id = 'alpha' and placed.created_at > %(now)s::timestamptz - interval '6 weeks' then 'defective'
        else (array['changed_mind', 'does_not_fit', 'not_as_described', 'defective', 'damaged_in_transit', 'incomplete'])[
            1 + (pg_temp.dice(placed.order_id || 'y') * 6)::integer %% 6
        ]
    end as cause
from placed
inner join core.product as product using (merchant_id, sku)
where
    (
        placed.fate < 0.10
        or (
            product.batch = 'B7' and placed.merchant_id = 'alpha' and placed.fate < 0.45
            and placed.created_at > %(now)s::timestamptz - interval '6 weeks'
        )
    )
    and placed.created_at < %(now)s::timestamptz - interval '8 days';

delete from came_back where requested_at > %(now)s::timestamptz;

insert into core.return_case (
    case_id, merchant_id, order_id, return_kind, status, stated_reason, quantity, units_lo, units_hi, requested_from, requested_to
)
select
    case_id,
    merchant_id,
    order_id,
    case when kind < 0.8 then 'customer_return' else 'refusal' end,
    'open',
    cause,
    case when quantity = 1 then 1 end,
    1,
    quantity,
    requested_at - interval '1 hour',
    requested_at
from came_back;

create temporary table life on commit drop as
select
    *,
    received_at + make_interval(hours => 4 + (pg_temp.dice(order_id || 'i') * 40)::integer) as inspected_at,
    received_at + make_interval(hours => 50 + (pg_temp.dice(order_id || 'o') * 60)::integer) as qc_at,
    received_at + make_interval(hours => 112 + (pg_temp.dice(order_id || 'z') * 500)::integer) as sold_at,
    case
        when cause in ('defective', 'damaged_in_transit') then 'write_off'
        when pg_temp.dice(order_id || 'p') < 0.5 then 'main'
        else 'resale'
    end as route
from (
    select
        *,
        requested_at + make_interval(hours => 30 + (pg_temp.dice(order_id || 'd') * 100)::integer) as received_at
    from came_back
    where quantity = 1
) as dock;

insert into ledger.unit (
    unit_id, merchant_id, state, seq, case_id, order_id, entry_id, piece, sku, store_id, stated_reason, finding, cause,
    cause_confidence, grade, route, signs_of_use, channel, offer_sku, resale_price, requested_at, received_at,
    inspected_at, routed_at, qc_at, restocked_at, on_sale_at, resold_at, closed_at
)
select
    unit_id,
    merchant_id,
    case
        when received_at > %(now)s then 'requested'
        when inspected_at > %(now)s then 'received'
        when qc_at > %(now)s then 'inspected'
        when route = 'write_off' then 'written_off'
        when sold_at > %(now)s then 'on_sale'
        else 'resold'
    end,
    1,
    case_id,
    order_id,
    order_id || '#0',
    1,
    sku,
    'PP1',
    cause,
    case when inspected_at <= %(now)s then cause end,
    case when inspected_at <= %(now)s then cause end,
    case when inspected_at <= %(now)s then 0.95 end,
    case when inspected_at <= %(now)s then 'A' end,
    case when inspected_at <= %(now)s then route end,
    case when inspected_at <= %(now)s then false end,
    case when qc_at <= %(now)s and route <> 'write_off' then route end,
    case when qc_at <= %(now)s and route <> 'write_off' then sku || case route when 'resale' then 'R' else '' end end,
    case when qc_at <= %(now)s and route <> 'write_off' then case route when 'resale' then 18500 else 20000 end end,
    requested_at,
    case when received_at <= %(now)s then received_at end,
    case when inspected_at <= %(now)s then inspected_at end,
    case when inspected_at <= %(now)s then inspected_at end,
    case when qc_at <= %(now)s and route <> 'write_off' then qc_at end,
    case when qc_at <= %(now)s and route <> 'write_off' then qc_at end,
    case when qc_at <= %(now)s and route <> 'write_off' then qc_at + interval '1 hour' end,
    case when sold_at <= %(now)s and route <> 'write_off' then sold_at end,
    case
        when route = 'write_off' and qc_at <= %(now)s then qc_at
        when sold_at <= %(now)s and route <> 'write_off' then sold_at
    end
from life;

insert into ledger.unit_event (
    event_id, unit_id, merchant_id, seq, type, state_to, occurred_at, recorded_at, actor, source, payload
)
select
    md5(unit.unit_id || step.type)::uuid,
    unit.unit_id,
    unit.merchant_id,
    step.seq,
    step.type,
    case step.type when 'qc_passed' then 'qc' else step.type end,
    step.at,
    step.at,
    'story',
    'w1',
    case step.type
        when 'inspected' then jsonb_build_object('grade', unit.grade, 'finding', unit.finding, 'cause', unit.cause)
        when 'restock_pending' then jsonb_build_object(
            'channel', unit.channel, 'offer_sku', unit.offer_sku, 'resale_price', unit.resale_price
        )
        else '{}'
    end
from ledger.unit as unit
cross join lateral (
    values
    (1, 'requested', unit.requested_at),
    (2, 'received', unit.received_at),
    (3, 'inspected', unit.inspected_at),
    (4, 'qc_passed', unit.qc_at),
    (5, 'restock_pending', unit.restocked_at),
    (6, 'on_sale', unit.on_sale_at),
    (7, 'resold', unit.resold_at),
    (8, 'written_off', case when unit.state = 'written_off' then unit.closed_at end)
) as step (seq, type, at)
where step.at is not null;

insert into channel.base_list (merchant_id, base_version, fetched_at, last_checked_at, sha256, body)
select merchant_id, 1, %(now)s, %(now)s, '\x00', '\x00' from core.merchant;

insert into channel.feed_version (
    merchant_id, version, status, base_version, body, sha256, offers, dag_id, run_id, composed_at, published_at
)
select
    merchant_id,
    7,
    'published',
    1,
    '\x00',
    '\x00',
    54,
    'restock_sync',
    'story',
    %(now)s::timestamptz - interval '50 minutes',
    %(now)s::timestamptz - interval '49 minutes'
from core.merchant;

insert into channel.feed_fetch (merchant_id, version, fetched_at, status, user_agent)
select merchant_id, 7, %(now)s::timestamptz - interval '45 minutes', 200, 'Kaspi' from core.merchant;

insert into channel.addition (
    unit_id, decision_seq, merchant_id, store_id, channel, offer_sku, quantity, price, decided_at, published_version,
    published_at, fetched_at, observed_at
)
select
    unit_id,
    5,
    merchant_id,
    'PP1',
    channel,
    offer_sku,
    1,
    resale_price,
    restocked_at,
    7,
    restocked_at + interval '10 minutes',
    restocked_at + interval '40 minutes',
    case when pg_temp.dice(unit_id || 'obs') < 0.9 then restocked_at + interval '55 minutes' end
from ledger.unit
where restocked_at is not null;

insert into core.discrepancy (
    discrepancy_id, merchant_id, case_id, unit_id, order_code, kind, subject, opened_at, due_at, money_at_risk, owner, status
)
select
    md5(unit_id || 'd')::uuid,
    merchant_id,
    case_id,
    unit_id,
    order_id,
    case when requested_at < %(now)s::timestamptz - interval '45 days' then 'lost' else 'overdue' end,
    order_id,
    requested_at + interval '5 days',
    requested_at + interval '14 days',
    20000,
    'carrier',
    'open'
from ledger.unit
where pg_temp.dice(unit_id || 'disc') < 0.06 and requested_at <= %(now)s::timestamptz - interval '5 days';

insert into ops.batch (dag_id, run_id, merchant_id, status, rows_staged)
select 'restock_sync', 'story', merchant_id, 'published', 54 from core.merchant;

insert into ops.run (dag_id, run_id, now_at) values ('restock_sync', 'story', %(now)s);

insert into ops.dq_result (run_id, dag_id, merchant_id, suite, check_name, success, severity, failed_rows, at)
select 'story', 'restock_sync', merchant_id, 'restock_sync', check_name, check_name <> 'channel/feed_offer__priced' or merchant_id = 'beta', 'warning', 0, %(now)s
from core.merchant
cross join (values ('channel/feed_offer__never_above'), ('channel/feed_offer__priced')) as checks (check_name);
