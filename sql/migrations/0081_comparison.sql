-- What the other system of a warehouse says is compared with the one that is believed, never booked.

create table core.counterpart (
    source text not null references core.warehouse_source,
    unit_label text not null,
    unit_id uuid not null references ledger.unit,
    merchant_id text not null,
    found_by text not null check (found_by in ('label', 'order_and_goods', 'order', 'goods')),
    found_at timestamptz not null,
    primary key (source, unit_label)
);
-- beside the label that a unit bears the other system may know it by one of its own
create unique index counterpart_of_evidence on core.counterpart (source, unit_id) where found_by <> 'label';
comment on table core.counterpart is
'Which unit a label of the other system means: both systems may print labels of their own.';

create index warehouse_event_compared on core.warehouse_event (merchant_id, recorded_at) where outcome = 'compared';
create index warehouse_event_strange on core.warehouse_event (source, (payload ->> 'unit_label'))
where outcome = 'compared' and unit_id is null;

-- One row a step of a unit that the believed system has booked or the other one tells: what both say of it.
create view core.compared_step as
with other as (
    select distinct on (event.unit_id, event.type)
        event.unit_id,
        event.type,
        event.merchant_id,
        event.source,
        event.event_id,
        event.occurred_at,
        event.recorded_at,
        event.actor,
        event.payload
    from core.warehouse_event as event
    where event.outcome = 'compared' and event.unit_id is not null and event.type not in ('voided', 'stock_counted')
    order by event.unit_id asc, event.type asc, event.occurred_at desc, event.event_id desc
)

select
    other.merchant_id,
    other.unit_id,
    other.type,
    other.source as other_source,
    other.event_id as other_event_id,
    other.occurred_at as other_at,
    other.recorded_at as other_recorded_at,
    other.actor as other_actor,
    booked.source as record_source,
    booked.event_id as record_event_id,
    booked.occurred_at as record_at,
    booked.actor as record_actor,
    case
        when other.type = 'inspected'
            then jsonb_strip_nulls(
                jsonb_build_object(
                    'grade', other.payload -> 'grade',
                    'finding', other.payload -> 'finding',
                    'route', other.payload -> 'route',
                    'signs_of_use', other.payload -> 'signs_of_use'
                )
            )
        when other.type = 'qc' then jsonb_build_object('passed', other.payload -> 'passed')
        else '{}'
    end as other_says,
    case
        when other.type = 'inspected'
            then jsonb_strip_nulls(
                jsonb_build_object(
                    'grade', booked.payload -> 'grade',
                    'finding', booked.payload -> 'finding',
                    'route', booked.payload -> 'route',
                    'signs_of_use', booked.payload -> 'signs_of_use'
                )
            )
        when other.type = 'qc' then jsonb_build_object('passed', booked.payload -> 'passed')
        else '{}'
    end as record_says
from other
left join lateral (
    select
        event.source,
        event.event_id,
        event.occurred_at,
        event.actor,
        event.payload
    from core.warehouse_event as event
    where
        event.unit_id = other.unit_id
        and event.type = other.type
        and event.outcome in ('booked', 'waiting') -- it is said, and booked when what comes before it is
    order by event.occurred_at desc, event.event_id desc
    limit 1
) as booked on true;
comment on view core.compared_step is
'The other system''s last word on a step of a unit beside the believed one''s; record_* is NULL where that has none.';

insert into ops.setting (name, value, meaning) values
('compare_hours', '24', 'the other system of a warehouse may tell of a step so much later; then it lacks it'),
('compare_minutes', '60', 'two systems may differ by so many minutes about when a step was done'),
('compare_days', '45', 'for so many days what two systems say of a step is compared at every run');
