-- raw.order_payload: orders that landed before and changed; an older payload never overwrites a newer one.
update raw.order_payload
set
    payload = stage_payload.payload,
    payload_hash = stage_payload.payload_hash,
    first_run = stage_payload.first_run,
    fetched_at = stage_payload.fetched_at
from stage_payload
where
    order_payload.merchant_id = stage_payload.merchant_id
    and order_payload.order_id = stage_payload.order_id
    and order_payload.payload_hash <> stage_payload.payload_hash
    and order_payload.fetched_at <= stage_payload.fetched_at;
