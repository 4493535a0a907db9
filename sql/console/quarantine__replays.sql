-- What became of the records that were judged again since a moment: what they are now, or that they failed again.
with judged_again as (
    select
        done.quarantine_id,
        min(done.action_id) as action_id
    from ops.quarantine_action as done
    inner join ops.quarantine as record on done.quarantine_id = record.id
    where
        done.at >= %(since)s
        and done.action = 'replayed'
        and (record.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
    group by done.quarantine_id
)

select
    count(*)::integer as replayed,
    (count(*) filter (where record.status = 'resolved'))::integer as settled,
    (count(*) filter (where record.status = 'dismissed'))::integer as dismissed,
    (
        count(*) filter (
            where record.status = 'open' and exists (
                select 1
                from ops.quarantine_action as later
                where
                    later.quarantine_id = judged_again.quarantine_id
                    and later.action = 'reopened'
                    and later.action_id > judged_again.action_id
            )
        )
    )::integer as reopened
from judged_again
inner join ops.quarantine as record on judged_again.quarantine_id = record.id;
