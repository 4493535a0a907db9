-- Every unit of a merchant is to be counted anew; nothing of it counts any more.
create temporary table if not exists stage_touched (unit_id uuid primary key) on commit drop;
truncate stage_touched;

delete from ops.dashboard_touched
where merchant_id = %(merchant_id)s;

insert into stage_touched (unit_id)
select unit_id
from ledger.unit
where merchant_id = %(merchant_id)s;
analyze stage_touched;

delete from mart.unit_place
where merchant_id = %(merchant_id)s;
delete from mart.flow_weekly
where merchant_id = %(merchant_id)s;
delete from mart.waiting
where merchant_id = %(merchant_id)s;
delete from mart.stored
where merchant_id = %(merchant_id)s;
delete from mart.speed_weekly
where merchant_id = %(merchant_id)s;
delete from mart.received_cause_weekly
where merchant_id = %(merchant_id)s;
delete from mart.received_weekly
where merchant_id = %(merchant_id)s;
delete from mart.unit_in_question
where merchant_id = %(merchant_id)s;
