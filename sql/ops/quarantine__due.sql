-- Records that a person let be judged again and that are kept as they came; the merchant may be NULL.
select
    quarantine.id,
    quarantine.merchant_id,
    quarantine.record_key,
    quarantine.pointer,
    quarantine.payload,
    contact.sealed
from ops.quarantine
inner join core.contact
    on
        quarantine.merchant_id = contact.merchant_id
        and quarantine.source || ' ' || quarantine.record_key = contact.order_id
where
    quarantine.source = %(source)s
    and quarantine.status = 'replayed'
    and (quarantine.merchant_id = %(merchant_id)s or %(merchant_id)s::text is null)
order by quarantine.id;
