-- core.contact: the first read wins.
insert into core.contact (merchant_id, order_id, sealed, taken_at)
select
    merchant_id,
    order_id,
    sealed,
    taken_at
from stage_contact
on conflict (merchant_id, order_id) do nothing;
