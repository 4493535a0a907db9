-- channel.off_kaspi_list: what the merchant's own outlet may sell; the version rises when the content changes.
-- A unit that was sold between stage and publish is left out.
insert into channel.off_kaspi_list as known (merchant_id, version, body, published_at)
select
    %(merchant_id)s,
    1 as version,
    coalesce(
        jsonb_agg(
            jsonb_build_object(
                'unit', coalesce(unit.unit_label, unit.unit_id::text),
                'offer_sku', carried.offer_sku,
                'sku', carried.sku,
                'name', product.name,
                'category', coalesce(product.category, 'unknown'),
                'grade', unit.grade,
                'signs_of_use', unit.signs_of_use,
                'repaired', unit.repaired,
                'store', carried.store_id,
                'price', carried.price,
                'main_price', carried.main_price
            )
            order by carried.sku, unit.unit_label, unit.unit_id
        ),
        '[]'::jsonb
    ) as body,
    %(now)s
from channel.stage_addition as carried
inner join ledger.unit as unit on carried.unit_id = unit.unit_id
left join core.product as product
    on carried.merchant_id = product.merchant_id and carried.sku = product.sku
where
    carried.merchant_id = %(merchant_id)s
    and carried.dag_id = %(dag_id)s
    and carried.run_id = %(run_id)s
    and carried.channel = 'off_kaspi'
    and unit.state in ('restock_pending', 'on_sale')
on conflict (merchant_id) do update
    set
        version = known.version + 1,
        body = excluded.body,
        published_at = excluded.published_at
    where known.body is distinct from excluded.body;

insert into channel.off_kaspi_version (merchant_id, version, body, published_at)
select
    merchant_id,
    version,
    body,
    published_at
from channel.off_kaspi_list
where merchant_id = %(merchant_id)s
on conflict (merchant_id, version) do nothing;

-- The units that are on sale by it from now on.
select
    addition.unit_id,
    addition.decision_seq,
    addition.published_at
from channel.stage_addition as carried
inner join channel.addition as addition
    on carried.unit_id = addition.unit_id and carried.decision_seq = addition.decision_seq
inner join ledger.unit as unit on carried.unit_id = unit.unit_id
where
    carried.merchant_id = %(merchant_id)s
    and carried.dag_id = %(dag_id)s
    and carried.run_id = %(run_id)s
    and carried.channel = 'off_kaspi'
    and unit.state = 'restock_pending';
