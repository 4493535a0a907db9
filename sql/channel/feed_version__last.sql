-- The list that is served now, and the highest version ever given; one row, NULLs where there is none yet.
with given as (
    select
        max(version) as highest,
        max(version) filter (where status = 'published') as version
    from channel.feed_version
    where merchant_id = %(merchant_id)s
)

select
    given.highest,
    served.version,
    served.sha256,
    served.carried_sha256
from given
left join channel.feed_version as served
    on served.merchant_id = %(merchant_id)s and given.version = served.version;
