-- raw.application_file: the same content is taken in once, also by two at once; no row means that it was known.
insert into raw.application_file (merchant_id, sha256, name, actor, taken_at, named_at, rows, bad_rows, refused)
values (
    %(merchant_id)s,
    %(sha256)s,
    %(file_name)s,
    %(actor)s,
    %(now)s,
    %(named_at)s,
    %(rows)s,
    %(bad_rows)s,
    %(refused)s
)
on conflict (merchant_id, sha256) do nothing
returning sha256;
