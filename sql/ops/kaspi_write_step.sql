-- ops.kaspi_write_step: the next step of a write, as whoever takes it knows it: who comes second is refused by the key.
insert into ops.kaspi_write_step (write_id, seq, step, at, actor, status_seen, http_status, answer)
values (
    %(write_id)s, %(seq)s, %(step)s, %(now)s, %(actor)s, %(status_seen)s, %(http_status)s, %(answer)s
);
