-- channel.feed_version: how a staged version differs from the last good one, and what is abnormal about it.
update channel.feed_version
set
    diff = %(diff)s,
    abnormal = %(abnormal)s,
    status = %(status)s,
    held_reason = %(reason)s
where merchant_id = %(merchant_id)s and version = %(version)s;
