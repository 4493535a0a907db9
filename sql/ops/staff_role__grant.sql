-- ops.staff_role: give a role, or change it; what changes is kept by a trigger with who did it and when.
select
    set_config('qaitarym.actor', %(actor)s, true),
    set_config('qaitarym.now', %(now)s::timestamptz::text, true);

insert into ops.staff_role as known (user_name, merchant_id, role, granted_by, granted_at)
values (%(user_name)s, %(merchant_id)s, %(role)s, %(actor)s, %(now)s)
on conflict (user_name, merchant_id) do update
    set
        role = excluded.role,
        granted_by = excluded.granted_by,
        granted_at = excluded.granted_at
    where known.role <> excluded.role;
