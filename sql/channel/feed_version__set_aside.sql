-- channel.feed_version: the version of a run that a later one has overtaken is kept, and never served.
update channel.feed_version
set
    status = 'held',
    held_reason = 'run ' || %(overtaken_by)s || ' is later and was first'
where
    merchant_id = %(merchant_id)s
    and dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and status = 'staged';
