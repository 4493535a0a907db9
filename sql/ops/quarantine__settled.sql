-- Of these records that were judged again, those that were not put aside again are settled. What is kept of a record
-- goes, unless it is still open for another reason.
with settled as (
    update ops.quarantine
    set status = 'resolved'
    where id = any(%(ids)s::bigint[]) and status = 'replayed'
    returning id, merchant_id, source, record_key
),

forgotten as (
    delete from core.contact
    where (merchant_id, order_id) in (
        select
            settled.merchant_id,
            settled.source || ' ' || settled.record_key
        from settled
        where not exists (
            select 1
            from ops.quarantine
            where
                quarantine.merchant_id = settled.merchant_id
                and quarantine.source = settled.source
                and quarantine.record_key = settled.record_key
                and quarantine.status = 'open'
        )
    )
)

insert into ops.quarantine_action (quarantine_id, action, actor, at)
select
    id,
    'resolved',
    %(actor)s,
    %(now)s
from settled;
