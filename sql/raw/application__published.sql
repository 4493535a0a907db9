-- The rows that were published, as they were read: one that came or was named anew meanwhile is still to be published.
update raw.application
set published_at = %(now)s
from
    unnest(%(numbers)s::text[], %(row_hashes)s::bytea[], %(confirmed)s::timestamptz[])
        as done (application_number, row_hash, confirmed_at)
where
    application.merchant_id = %(merchant_id)s
    and application.application_number = done.application_number
    and application.row_hash = done.row_hash
    and application.confirmed_at = done.confirmed_at
    and application.published_at is null;
