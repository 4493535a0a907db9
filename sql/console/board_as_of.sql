-- As of when the sums of these merchants are; NULL where one of them was never counted.
select
    case
        when count(*) = cardinality(%(merchants)s::text[]) then min(looked_at)
    end as looked_at
from ops.dashboard_look
where merchant_id = any(%(merchants)s);
