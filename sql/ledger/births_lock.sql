-- Births of one merchant are serialised: a unit that does not exist yet has no row to lock.
select pg_advisory_xact_lock(hashtextextended('ledger/births/' || %(merchant_id)s, 0));
