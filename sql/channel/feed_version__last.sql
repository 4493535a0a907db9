-- The list that is served now, the highest version ever given, and whether another run has staged one that is not out
-- yet; one row, NULLs where there is none yet.
with given as (
    select
        max(version) as highest,
        max(version) filter (where status = 'published') as version,
        bool_or(status = 'staged' and (dag_id, run_id) <> (%(dag_id)s, %(run_id)s)) as another
    from channel.feed_version
    where merchant_id = %(merchant_id)s
)

select
    given.highest,
    coalesce(given.another, false) as another,
    served.version,
    served.sha256,
    served.carried_sha256,
    served.base_version,
    served.base_offers,
    served.cautious
from given
left join channel.feed_version as served
    on served.merchant_id = %(merchant_id)s and given.version = served.version;
