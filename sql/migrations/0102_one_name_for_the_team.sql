-- Whoever owns a difference is called the same wherever it comes from.
update core.discrepancy set owner = 'team'
where owner = 'data-team';
