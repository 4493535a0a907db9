update ops.merchant_notice
set message_key = %(message_key)s
where
    merchant_id = %(merchant_id)s
    and message_key is null
    and (subject, kind) in (
        select
            told.subject,
            told.kind
        from unnest(%(subjects)s::text[], %(kinds)s::text[]) as told (subject, kind)
    );
