-- channel.off_kaspi_fetch: one row a GET.
insert into channel.off_kaspi_fetch (merchant_id, version, format, fetched_at, status, user_agent)
values (%(merchant_id)s, %(version)s, %(format)s, %(now)s, %(status)s, %(user_agent)s);
