-- The channels that have something to do: notices that are due, or that somebody began to send.
select distinct
    case
        when notice.status = 'sending' then notice.channel
        else coalesce(merchant.notice_connection_id, 'notices_' || merchant.merchant_id)
    end as connection_id
from ops.notice
inner join core.merchant on notice.merchant_id = merchant.merchant_id
where notice.status = 'sending' or (notice.status = 'queued' and notice.next_try_at <= %(now)s)
order by connection_id;
