-- ops.kaspi_write: an intention; nothing where the attempt is taken.
insert into ops.kaspi_write (
    write_id, merchant_id, order_id, order_code, action, attempt, dry_run, request, actor, reason, asked_at
)
values (
    %(write_id)s, %(merchant_id)s, %(order_id)s, %(order_code)s, %(action)s, %(attempt)s, %(dry_run)s, %(request)s,
    %(actor)s, %(reason)s, %(now)s
)
on conflict do nothing
returning write_id;
