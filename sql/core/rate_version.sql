-- A new version of the price list; nothing where its content is known. One load at a time.
lock table core.rate_version in share row exclusive mode;

insert into core.rate_version (version, sha256, file_name, actor, loaded_at)
select
    coalesce(max(version), 0) + 1,
    %(sha256)s,
    %(file_name)s,
    %(actor)s,
    %(now)s
from core.rate_version
on conflict (sha256) do nothing
returning version;
