update channel.base_list
set last_checked_at = greatest(last_checked_at, %(now)s)
where merchant_id = %(merchant_id)s and base_version = %(base_version)s;
