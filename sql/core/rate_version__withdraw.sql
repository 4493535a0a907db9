-- A version that nobody has used; the table refuses to give up another.
delete from core.rate_version
where version = %(version)s;
