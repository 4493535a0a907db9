-- channel.feed_version: a composed list, staged for the gate.
insert into channel.feed_version (
    merchant_id,
    version,
    status,
    base_version,
    body,
    sha256,
    carried_sha256,
    offers,
    dag_id,
    run_id,
    composed_at,
    base_offers,
    own_errors,
    base_warnings,
    findings,
    cautious
)
values (
    %(merchant_id)s,
    %(version)s,
    'staged',
    %(base_version)s,
    %(body)s,
    %(sha256)s,
    %(carried_sha256)s,
    %(offers)s,
    %(dag_id)s,
    %(run_id)s,
    %(now)s,
    %(base_offers)s,
    %(own_errors)s,
    %(base_warnings)s,
    %(findings)s,
    %(cautious)s
);
