-- channel.route_ruling: what a person decided instead; the same form sent twice is one ruling.
insert into channel.route_ruling (
    ruling_id, merchant_id, unit_id, seq, proposal_id, route, reason, actor, ruled_at
)
values (
    %(ruling_id)s, %(merchant_id)s, %(unit_id)s, %(seq)s, %(proposal_id)s, %(route)s, %(reason)s, %(actor)s, %(now)s
)
on conflict (ruling_id) do nothing;
