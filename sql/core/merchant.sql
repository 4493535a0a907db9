-- Adds a merchant or brings it up to date. The feed token stays for life: Kaspi reads the list at that address.
insert into core.merchant (
    merchant_id, name, connection_id, base_list_connection_id, locale, report_email, notices, feed_token
)
values (
    %(merchant_id)s,
    %(merchant_name)s,
    %(connection_id)s,
    %(base_list_connection_id)s,
    %(locale)s,
    %(report_email)s,
    %(notices)s,
    coalesce(%(feed_token)s, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''))
)
on conflict (merchant_id) do update
    set
        name = excluded.name,
        connection_id = excluded.connection_id,
        base_list_connection_id = excluded.base_list_connection_id,
        locale = excluded.locale,
        report_email = excluded.report_email,
        notices = excluded.notices
returning feed_token;
