select max(version) as version
from channel.feed_version
where merchant_id = %(merchant_id)s and status = 'published';
