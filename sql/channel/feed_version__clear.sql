-- What an earlier try of this run staged and nobody has seen goes; a published version stays, and so does one that a
-- person was asked about.
delete from channel.feed_offer
using channel.feed_version as mine
where
    feed_offer.merchant_id = mine.merchant_id
    and feed_offer.version = mine.version
    and mine.merchant_id = %(merchant_id)s
    and mine.dag_id = %(dag_id)s
    and mine.run_id = %(run_id)s
    and (mine.status in ('staged', 'held') or (mine.status = 'pending' and mine.asked_at is null));

delete from channel.feed_version
where
    merchant_id = %(merchant_id)s
    and dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and (status in ('staged', 'held') or (status = 'pending' and asked_at is null));

-- The staging of this run, and what runs that were held or failed left behind.
delete from channel.stage_addition as old
where
    old.merchant_id = %(merchant_id)s
    and old.dag_id = %(dag_id)s
    and (
        old.run_id = %(run_id)s
        or exists (
            select 1
            from ops.batch
            where
                batch.dag_id = old.dag_id
                and batch.run_id = old.run_id
                and batch.merchant_id = old.merchant_id
                and batch.status in ('held', 'failed', 'published')
        )
    );

select version
from channel.feed_version
where
    merchant_id = %(merchant_id)s
    and dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and status = 'published';
