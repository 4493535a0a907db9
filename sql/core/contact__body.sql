-- core.contact: a record that could not be used, as it came last.
insert into core.contact (merchant_id, order_id, sealed, taken_at)
select
    merchant_id,
    order_id,
    sealed,
    taken_at
from stage_contact
order by merchant_id, order_id
on conflict (merchant_id, order_id) do update
    set
        sealed = excluded.sealed,
        taken_at = excluded.taken_at
    where contact.taken_at <= excluded.taken_at;
