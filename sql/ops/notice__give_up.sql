-- What was begun over a channel by a sender that is gone: whether it arrived is not known. It is repeated where the
-- channel removes repetitions; and what waits to be repeated over one that does not, is not repeated any more.
with begun as (
    update ops.notice
    set
        status = case when %(deduplicates)s then 'queued' else 'unknown' end,
        doubtful = true,
        next_try_at = %(now)s,
        reason = 'sender_died'
    where status = 'sending' and channel = %(connection_id)s
    returning status
),

moved as (
    update ops.notice
    set
        status = 'unknown',
        reason = 'channel_changed'
    from core.merchant
    where
        notice.status = 'queued'
        and notice.doubtful
        and notice.merchant_id = merchant.merchant_id
        and coalesce(merchant.notice_connection_id, 'notices_' || merchant.merchant_id) = %(connection_id)s
        and (notice.channel <> %(connection_id)s or not %(deduplicates)s)
    returning notice.status
)

select count(*) filter (where settled.status = 'unknown')::integer as unknown
from (
    select begun.status
    from begun
    union all
    select moved.status
    from moved
) as settled;
