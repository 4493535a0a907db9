delete from ops.upload
where expires_at <= %(now)s;
