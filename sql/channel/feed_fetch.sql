-- channel.feed_fetch: one row a GET.
insert into channel.feed_fetch (merchant_id, version, fetched_at, status, user_agent)
values (%(merchant_id)s, %(version)s, %(now)s, %(status)s, %(user_agent)s);
