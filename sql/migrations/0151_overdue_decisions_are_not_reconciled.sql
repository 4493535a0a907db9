-- reconciled_share counts units without an open discrepancy or an overdue clock. What waits too long to come opens a
-- discrepancy; a decision that is owed and not made in time does not, so its clock is asked, too.
create index decision_clock_due on core.decision_clock (merchant_id, due_at);

create function ops.note_decisions() returns trigger
language plpgsql
as $$
begin
    insert into ops.mart_touch (merchant_id, kind, week_start, because)
    select distinct
        unit.merchant_id,
        'signal',
        core.week_of(least(unit.requested_at, unit.received_at)),
        'decision made or overdue'
    from clock_told as told
    inner join ledger.unit as unit on told.case_id = unit.case_id
    where least(unit.requested_at, unit.received_at) is not null;
    return null;
end
$$;
create trigger note_new after insert on core.decision_clock
referencing new table as clock_told for each statement execute function ops.note_decisions();
create trigger note_changed after update on core.decision_clock
referencing new table as clock_told for each statement execute function ops.note_decisions();
create trigger note_gone after delete on core.decision_clock
referencing old table as clock_told for each statement execute function ops.note_decisions();
