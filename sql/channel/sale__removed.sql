delete from channel.sale
where
    merchant_id = %(merchant_id)s
    and (entry_id, piece) in (select * from unnest(%(entry_ids)s::text[], %(pieces)s::integer[]));
