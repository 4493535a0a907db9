-- channel.feed_version: what waited for a person is over: the merchant's list is normal again.
update channel.feed_version
set
    status = 'held',
    held_reason = 'the merchant''s list is normal again before anybody answered'
where merchant_id = %(merchant_id)s and status = 'pending';
