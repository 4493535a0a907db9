-- The expected pieces [first, beyond) come at %(now)s; one in a hundred is scanned twice.
create temporary table arrived on commit drop as
select
    number,
    md5('unit' || number)::uuid as unit_id
from generate_series(%(first)s::bigint, %(beyond)s::bigint - 1) as number;
analyze arrived;

update ledger.unit
set
    state = 'received',
    seq = 2,
    source = 'w1',
    scan_id = 's' || arrived.number,
    unit_label = 'W1-' || arrived.number,
    received_at = %(now)s
from arrived
where unit.unit_id = arrived.unit_id;

insert into ledger.unit_event (
    event_id, unit_id, merchant_id, seq, type, state_from, state_to, occurred_at, recorded_at, actor, source, payload
)
select
    md5('arrived' || number)::uuid,
    unit_id,
    'bench-0',
    2,
    'received',
    'requested',
    'received',
    %(now)s,
    %(now)s,
    'w1-dock-1',
    'wms/w1',
    '{}'
from arrived;

insert into core.warehouse_event (
    source, event_id, merchant_id, type, occurred_at, actor, store_id, payload, recorded_at, "position", booked_at,
    outcome, unit_id
)
select
    'w1',
    's' || arrived.number || '-' || scan.place,
    'bench-0',
    'received',
    %(now)s,
    'w1-dock-1',
    'PP1',
    jsonb_build_object('scan_id', 's' || arrived.number, 'unit_label', 'W1-' || arrived.number),
    %(now)s,
    arrived.number * 2 + scan.place,
    %(now)s,
    case when scan.place = 0 then 'booked' else 'duplicate_scan' end,
    arrived.unit_id
from arrived
cross join lateral generate_series(0, case when arrived.number %% 100 = 0 then 1 else 0 end) as scan (place);

insert into ops.unit_moved (merchant_id, order_id)
select
    unit.merchant_id,
    unit.order_id
from arrived
inner join ledger.unit on arrived.unit_id = unit.unit_id;
