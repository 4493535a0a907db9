insert into ops.cursor (source, cursor, moved_at)
values (%(source)s, %(cursor)s, %(now)s)
on conflict (source) do update
    set
        cursor = excluded.cursor,
        moved_at = excluded.moved_at
    where ops.cursor.cursor <> excluded.cursor;
