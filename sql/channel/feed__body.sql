select body
from channel.feed_version
where merchant_id = %(merchant_id)s and version = %(version)s;
