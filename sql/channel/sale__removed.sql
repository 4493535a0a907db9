delete from channel.sale
using unnest(%(entry_ids)s::text[], %(pieces)s::integer[]) as gone (entry_id, piece)
where
    sale.merchant_id = %(merchant_id)s
    and sale.entry_id = gone.entry_id
    and sale.piece = gone.piece;
