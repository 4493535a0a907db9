-- The version that a run has staged, else the one that is served: what will be served when the run has published.
select
    version,
    status,
    base_version,
    base_offers,
    cautious,
    diff,
    body
from channel.feed_version
where
    merchant_id = %(merchant_id)s
    and (status = 'published' or (status = 'staged' and dag_id = %(dag_id)s and run_id = %(run_id)s))
order by status = 'staged' desc, version desc
limit 1;
