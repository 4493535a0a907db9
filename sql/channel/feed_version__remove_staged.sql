-- channel.feed_version: the version that a run has staged goes, with its offers.
delete from channel.feed_offer
using channel.feed_version as mine
where
    feed_offer.merchant_id = mine.merchant_id
    and feed_offer.version = mine.version
    and mine.merchant_id = %(merchant_id)s
    and mine.dag_id = %(dag_id)s
    and mine.run_id = %(run_id)s
    and mine.status = 'staged';

delete from channel.feed_version
where merchant_id = %(merchant_id)s and dag_id = %(dag_id)s and run_id = %(run_id)s and status = 'staged';
