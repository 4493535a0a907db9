-- ops.weekly_mail: a mail is archived once a reader, week and version; the constraint refuses another one.
insert into ops.weekly_mail (
    message_key, merchant_id, week_start, version, message_id, language, recipient, subject, known_at, known_on,
    message, sha256, numbers
)
values (
    %(message_key)s, %(merchant_id)s, %(week_start)s, %(version)s, %(message_id)s, %(language)s, %(recipient)s,
    %(subject)s, %(known_at)s, %(known_on)s, %(message)s, %(sha256)s, %(numbers)s
);
