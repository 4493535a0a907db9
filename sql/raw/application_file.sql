-- raw.application_file: the same content is taken in once, also by two at once; no row means that it was known. It is
-- taken in once more where more of it can be read than before: a rule was mended, a time that lay ahead has come.
insert into raw.application_file as known (
    merchant_id, sha256, name, actor, taken_at, named_at, rows, bad_rows, refused
)
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
on conflict (merchant_id, sha256) do update
    set
        named_at = excluded.named_at,
        rows = excluded.rows,
        bad_rows = excluded.bad_rows,
        refused = excluded.refused
    where excluded.rows > known.rows
returning sha256;
