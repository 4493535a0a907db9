-- Adds a merchant or brings it up to date; what is not said of a known one stays. The feed token stays for life: Kaspi
-- reads the list at that address.
insert into core.merchant as known (
    merchant_id, name, connection_id, base_list_connection_id, locale, time_zone, tier, report_email, notices,
    notice_connection_id, feed_token
)
values (
    %(merchant_id)s,
    %(merchant_name)s,
    coalesce(%(connection_id)s::text, 'kaspi_shop_' || %(merchant_id)s),
    'base_list_' || %(merchant_id)s,
    coalesce(%(locale)s::text, 'ru'),
    coalesce(%(time_zone)s::text, 'Asia/Almaty'),
    coalesce(%(tier)s::text, 'standard'),
    %(report_email)s,
    coalesce(%(notices)s::boolean, false),
    %(notice_connection_id)s,
    coalesce(%(feed_token)s, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''))
)
on conflict (merchant_id) do update
    set
        name = excluded.name,
        connection_id = coalesce(%(connection_id)s::text, known.connection_id),
        locale = coalesce(%(locale)s::text, known.locale),
        time_zone = coalesce(%(time_zone)s::text, known.time_zone),
        tier = coalesce(%(tier)s::text, known.tier),
        report_email = coalesce(%(report_email)s::text, known.report_email),
        notices = coalesce(%(notices)s::boolean, known.notices),
        notice_connection_id = coalesce(%(notice_connection_id)s::text, known.notice_connection_id)
returning feed_token;
