-- The units that may count as something else than at the last look: those of which somebody said that something
-- changed. What was said is taken away here; what is said meanwhile is for the next look.
create temporary table if not exists stage_said (like ops.dashboard_touched) on commit drop;
create temporary table if not exists stage_touched (unit_id uuid primary key) on commit drop;
truncate stage_said, stage_touched;

with taken as (
    delete from ops.dashboard_touched
    where merchant_id = %(merchant_id)s
    returning
        merchant_id,
        kind,
        key
)

insert into stage_said (merchant_id, kind, key)
select distinct
    merchant_id,
    kind,
    key
from taken;
analyze stage_said;

insert into stage_touched (unit_id)
select said.key::uuid
from stage_said as said
where said.kind = 'unit'
union
select unit.unit_id
from stage_said as said
inner join ledger.unit on said.merchant_id = unit.merchant_id and said.key = unit.order_id
where said.kind = 'order'
union
select unit.unit_id
from stage_said as said
inner join ledger.unit on said.key::uuid = unit.case_id
where said.kind = 'case'
union
-- a catalogue changes now and then, a store or the price of a day in it still less: no index is kept for them
select known.unit_id
from stage_said as said
inner join mart.unit_place as known
    on
        said.merchant_id = known.merchant_id
        and case said.kind
            when 'sku' then said.key = known.sku
            when 'store' then said.key = known.store_id
            when 'storage' then core.day_of(known.closed_at) > said.key::date
        end
where said.kind in ('sku', 'store', 'storage');
analyze stage_touched;
