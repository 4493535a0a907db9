-- core.preventive_action_event: an end, or a mistake; nothing where that was said already.
insert into core.preventive_action_event (action_id, type, on_day, note, actor, at)
values (%(action_id)s, %(type)s, %(on_day)s, %(note)s, %(actor)s, %(now)s)
on conflict (action_id, type) do nothing;
