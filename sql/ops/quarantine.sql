-- ops.quarantine: a record that comes again with the same reason is the same row. It becomes open again, except where
-- a person dismissed this very content. Told twice by one run, it is counted once.
-- One that was judged again and fails for another reason is the same record, too: its row bears the newest reason, and
-- the one before stands with the action.
with failing as (
    select distinct on (known.merchant_id, known.source, known.record_key)
        known.id,
        known.reason as reason_before,
        staged.reason,
        staged.first_seen
    from stage_quarantine as staged
    inner join ops.quarantine as known
        on
            staged.merchant_id = known.merchant_id
            and staged.source = known.source
            and staged.record_key = known.record_key
    where
        known.status = 'replayed'
        and not exists (
            select 1
            from ops.quarantine as namesake
            where
                namesake.merchant_id = staged.merchant_id
                and namesake.source = staged.source
                and namesake.record_key = staged.record_key
                and namesake.reason = staged.reason
        )
        and not exists (
            select 1
            from stage_quarantine as again
            where
                again.merchant_id = known.merchant_id
                and again.source = known.source
                and again.record_key = known.record_key
                and again.reason = known.reason
        )
    order by known.merchant_id asc, known.source asc, known.record_key asc, known.id desc, staged.reason asc
),

renamed as (
    update ops.quarantine
    set
        reason = failing.reason,
        status = 'open'
    from failing
    where quarantine.id = failing.id
)

insert into ops.quarantine_action (quarantine_id, action, actor, reason, at)
select
    id,
    'reopened',
    'pipeline',
    reason_before,
    first_seen
from failing
order by id;

insert into ops.quarantine_action (quarantine_id, action, actor, at)
select distinct on (known.id)
    known.id,
    'reopened',
    'pipeline',
    staged.first_seen
from stage_quarantine as staged
inner join ops.quarantine as known
    on
        staged.merchant_id = known.merchant_id
        and staged.source = known.source
        and staged.record_key = known.record_key
        and staged.reason = known.reason
where
    known.status in ('replayed', 'resolved')
    or (known.status = 'dismissed' and known.payload is distinct from staged.payload)
order by known.id;

insert into ops.quarantine as known (
    merchant_id, source, record_key, reason, pointer, payload, first_seen, last_seen
)
select distinct on (merchant_id, source, record_key, reason)
    merchant_id,
    source,
    record_key,
    reason,
    pointer,
    payload,
    first_seen,
    first_seen as last_seen
from stage_quarantine
order by merchant_id asc, source asc, record_key asc, reason asc, payload::text asc, pointer asc
on conflict (merchant_id, source, record_key, reason) do update
    set
        status = case
            when known.status = 'dismissed' and known.payload is not distinct from excluded.payload then 'dismissed'
            else 'open'
        end,
        pointer = excluded.pointer,
        payload = excluded.payload,
        first_seen = least(known.first_seen, excluded.first_seen),
        last_seen = greatest(known.last_seen, excluded.last_seen),
        times_seen = known.times_seen + (excluded.last_seen > known.last_seen)::integer;
