-- Begun by a sender that is gone: whether the server took it is not known.
update ops.outbox
set
    status = 'unknown',
    last_error = 'the sender stopped between the message and the server''s answer'
where kind = %(kind)s and status = 'sending';
