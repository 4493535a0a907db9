-- ops.kaspi_write_switch: from now on an action is sent, or only kept.
insert into ops.kaspi_write_switch (merchant_id, action, live, actor, reason, at)
values (%(merchant_id)s, %(action)s, %(live)s, %(actor)s, %(reason)s, %(now)s);
