-- channel.base_list: a row only when the content changed.
insert into channel.base_list (merchant_id, base_version, fetched_at, last_checked_at, sha256, body)
values (%(merchant_id)s, %(base_version)s, %(now)s, %(now)s, %(sha256)s, %(body)s);
