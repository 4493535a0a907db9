-- Whatever changes a unit notes it for the dashboard's next look, in the same transaction: the clock of the run that
-- recorded an event says nothing about when it was recorded.
create function ops.touch_units() returns trigger language plpgsql as $$
begin
    insert into ops.dashboard_touched (merchant_id, kind, key)
    select
        unit_told.merchant_id,
        'unit',
        unit_told.unit_id::text
    from unit_told;
    return null;
end
$$;
create trigger touch_dashboard after update on ledger.unit
referencing new table as unit_told
for each statement execute function ops.touch_units();
create trigger touch_dashboard_first after insert on ledger.unit
referencing new table as unit_told
for each statement execute function ops.touch_units();

-- What was missed until now, stores that were not known, and goods of the merchant's own outlet that counted as back on
-- sale: who was never looked at is counted anew by the next look.
delete from ops.dashboard_look;
