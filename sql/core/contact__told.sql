-- core.contact: what the merchant told takes the place of what was known.
insert into core.contact (merchant_id, order_id, sealed, taken_at)
select
    merchant_id,
    order_id,
    sealed,
    taken_at
from stage_contact
order by order_id
on conflict (merchant_id, order_id) do update
    set sealed = excluded.sealed;
