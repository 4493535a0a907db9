-- How many units have which verdict, and of how many of them the difference is over with the piece.
select
    verdict,
    count(*)::integer as units,
    (count(*) filter (where settled))::integer as settled
from core.unit_verdict
where merchant_id = any(%(merchants)s)
group by verdict;
