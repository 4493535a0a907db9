-- core.photo: one picture, once.
insert into core.photo (
    photo_id, unit_id, event_id, merchant_id, jpeg, sha256, width, height, taken_at, actor
)
values (
    %(photo_id)s, %(unit_id)s, %(event_id)s, %(merchant_id)s, %(jpeg)s, %(sha256)s, %(width)s, %(height)s, %(taken_at)s,
    %(actor)s
)
on conflict (photo_id) do nothing;
