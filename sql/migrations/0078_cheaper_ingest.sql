-- No statement looks for lines by their SKU over all orders, and every line paid for it.
drop index core.order_line_sku;

-- What tells a changed payload from an unchanged one is no seal: a fast hash does. The payloads' hashes are of the new
-- kind as well; at the first sweep after this migration every order counts as changed, once.
alter table ops.fetch_page rename column sha256 to body_hash;
comment on column ops.fetch_page.body_hash is 'xxHash (XXH3, 128 bits) of the page as it came.';
