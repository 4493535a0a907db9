select pg_advisory_unlock(hashtext('qaitarym/pace/' || %(token_key)s), %(lane)s);
