-- Whoever waits for a lease is next: a run that takes it again and again, span after span, would not let anybody in.
alter table ops.lease
add column waiting text,
add column waiting_at timestamptz not null default '-infinity';
comment on column ops.lease.waiting is 'Who asked last and did not get it; forgotten a second after he asked.';

comment on table ops.reread is
'Orders that a replay asked for; a row goes when the order is published, or cannot be read.';
