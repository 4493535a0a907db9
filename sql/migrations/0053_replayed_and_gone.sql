-- A record that was to be judged again and did not come back within a day is no settled one.
alter table ops.quarantine add column replayed_at timestamptz;
comment on column ops.quarantine.replayed_at is 'When a person last let it be judged again.';
update ops.quarantine
set replayed_at = done.at
from (
    select
        quarantine_id,
        max(at) as at
    from ops.quarantine_action
    where action = 'replayed'
    group by quarantine_id
) as done
where quarantine.id = done.quarantine_id;

create view ops.replayed_quarantine as
select
    quarantine.id,
    quarantine.merchant_id,
    quarantine.source,
    extract(epoch from run.now_at - quarantine.replayed_at)::double precision / 3600 as hours
from ops.quarantine
inner join ops.run as run
    on
        run.dag_id = current_setting('qaitarym.dag_id', true)
        and run.run_id = current_setting('qaitarym.run_id', true)
where quarantine.status = 'replayed';
comment on view ops.replayed_quarantine is
'What is to be judged again, and for how many hours by the clock of the run that looks.';
