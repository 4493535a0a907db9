-- What does not agree, by cause, of these merchants.
select
    cause,
    count(*) as offers,
    sum(pieces) as pieces,
    sum(money)::bigint as money,
    min(since) as since
from mart.offer_difference
where merchant_id = any(%(merchants)s)
group by cause;
