-- Notices that wait and are no news any more, or have nothing to tell. What was tried and did not get through in time
-- needs a look; what nobody tried (a past range taken in, notices switched off) is dismissed.
with waiting as (
    select
        notice.notice_key,
        notice.case_id,
        notice.merchant_id,
        notice.order_id,
        notice.expires_at,
        merchant.notices and merchant.active as switched_on
    from ops.notice
    inner join core.merchant on notice.merchant_id = merchant.merchant_id
    where notice.status = 'queued'
    for update of notice skip locked
),

arrived as (
    select distinct piece.case_id
    from (
        select
            waiting.merchant_id,
            array_agg(distinct waiting.order_id) as order_ids
        from waiting
        group by waiting.merchant_id
    ) as asked
    cross join lateral core.case_piece(asked.merchant_id, asked.order_ids) as piece
    where piece.received_at is not null
),

standing as (
    select
        waiting.notice_key,
        case
            when not waiting.switched_on then 'switched_off'
            when waiting.expires_at <= %(now)s then 'too_late'
            -- the scan was a mistake, and was voided
            when arrived.case_id is null then 'nothing_received'
        end as reason
    from waiting
    left join arrived on waiting.case_id = arrived.case_id
)

update ops.notice
set
    status = case
        when notice.doubtful then 'unknown'
        when standing.reason = 'too_late' and notice.attempts > 0 then 'dead'
        else 'dismissed'
    end,
    reason = standing.reason
from standing
where notice.notice_key = standing.notice_key and notice.status = 'queued' and standing.reason is not null;
