-- Merges the staged catalogue; a row whose facts are the same is not written. Of a sku listed twice the last line wins.
with changed as (
    insert into core.product as known (
        merchant_id, sku, master_code, eans, name, category, supplier, batch, cost, agreed_defect_rate
    )
    select distinct on (staged.merchant_id, staged.sku)
        staged.merchant_id,
        staged.sku,
        staged.master_code,
        staged.eans,
        staged.name,
        staged.category,
        staged.supplier,
        staged.batch,
        staged.cost,
        staged.agreed_defect_rate
    from stage_product as staged
    order by staged.merchant_id asc, staged.sku asc, staged.ctid desc
    on conflict (merchant_id, sku) do update
        set
            master_code = excluded.master_code,
            eans = excluded.eans,
            name = excluded.name,
            category = excluded.category,
            supplier = excluded.supplier,
            batch = excluded.batch,
            cost = excluded.cost,
            agreed_defect_rate = excluded.agreed_defect_rate
        where known is distinct from excluded
    returning known.sku
)

select count(*) as changed from changed;
