-- channel.feed_version: a person is asked from now on.
update channel.feed_version
set asked_at = %(now)s
where merchant_id = %(merchant_id)s and version = %(version)s and status = 'pending' and asked_at is null;
