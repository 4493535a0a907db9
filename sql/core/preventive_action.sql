-- core.preventive_action: one more action; nothing where it is registered already.
insert into core.preventive_action (
    action_id, merchant_id, kind, scope, reason, hypothesis, owner, starts_on, registered_by, registered_at
) values (
    %(action_id)s,
    %(merchant_id)s,
    %(kind)s,
    %(scope)s,
    %(reason)s,
    %(hypothesis)s,
    %(owner)s,
    %(starts_on)s,
    %(actor)s,
    %(now)s
)
on conflict (action_id) do nothing;
