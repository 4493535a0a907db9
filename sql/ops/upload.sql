-- ops.upload: a file that waits for a person's yes; what nobody said yes to in time goes.
delete from ops.upload
where expires_at <= %(now)s;

insert into ops.upload (merchant_id, kind, actor, file_name, file_sha256, body, created_at, expires_at)
values (
    %(merchant_id)s,
    %(kind)s,
    %(actor)s,
    %(file_name)s,
    %(file_sha256)s,
    %(body)s,
    %(now)s,
    %(now)s::timestamptz + make_interval(hours => %(hours)s)
)
returning upload_id;
