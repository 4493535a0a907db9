-- channel.feed_version: a person's word on a pending version, or nobody's in time. A second word changes nothing.
update channel.feed_version
set
    status = %(status)s,
    settled_at = %(now)s,
    settled_by = %(actor)s,
    held_reason = %(reason)s
where merchant_id = %(merchant_id)s and version = %(version)s and status = 'pending'
returning version;
