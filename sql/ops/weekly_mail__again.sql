insert into ops.sending_action (queue, message_key, action, was, actor, reason, at)
values ('mail', %(message_key)s, 'again', %(was)s, %(actor)s, %(reason)s, %(now)s);
