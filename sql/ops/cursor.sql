insert into ops.cursor (source, part, cursor, moved_at)
values (%(source)s, %(part)s, %(cursor)s, %(now)s)
on conflict (source, part) do update
    set
        cursor = excluded.cursor,
        moved_at = excluded.moved_at
    where ops.cursor.cursor <> excluded.cursor;
