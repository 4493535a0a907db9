update ops.lease
set expires_at = '-infinity'
where scope = %(scope)s and epoch = %(epoch)s;
