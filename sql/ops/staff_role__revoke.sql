select
    set_config('qaitarym.actor', %(actor)s, true),
    set_config('qaitarym.now', %(now)s::timestamptz::text, true);

delete from ops.staff_role
where user_name = %(user_name)s and merchant_id = %(merchant_id)s;
