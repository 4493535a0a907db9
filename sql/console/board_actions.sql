-- Preventive actions with their effects, the newest first. With goods chosen those that any of them is in the scope of.
with goods as materialized (
    select
        merchant_id,
        category,
        supplier,
        batch,
        sku
    from core.product
    where
        merchant_id = any(%(merchants)s)
        and (%(category)s::text is not null or %(supplier)s::text is not null)
        and (category = %(category)s or %(category)s::text is null)
        and (supplier = %(supplier)s or %(supplier)s::text is null)
)

select
    action_id,
    merchant_id,
    kind,
    owner,
    hypothesis,
    scope,
    reason,
    started_on,
    ended_on,
    effect::float8 as effect,
    lo::float8 as lo,
    hi::float8 as hi,
    verdict,
    evidence,
    known_on
from mart.action_effect
where
    merchant_id = any(%(merchants)s)
    and (
        coalesce(%(category)s::text, %(supplier)s::text) is null
        or exists (
            select 1
            from goods
            where
                goods.merchant_id = action_effect.merchant_id
                and coalesce(action_effect.scope ->> 'category' = goods.category, true)
                and coalesce(action_effect.scope ->> 'supplier' = goods.supplier, true)
                and coalesce(action_effect.scope ->> 'batch' = goods.batch, true)
                and coalesce(action_effect.scope ->> 'sku' = goods.sku, true)
        )
    )
order by started_on desc, action_id asc
limit 200;
