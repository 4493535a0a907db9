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
                and (action_effect.scope ->> 'category' is null or action_effect.scope ->> 'category' = goods.category)
                and (action_effect.scope ->> 'supplier' is null or action_effect.scope ->> 'supplier' = goods.supplier)
                and (action_effect.scope ->> 'batch' is null or action_effect.scope ->> 'batch' = goods.batch)
                and (action_effect.scope ->> 'sku' is null or action_effect.scope ->> 'sku' = goods.sku)
        )
    )
order by started_on desc, action_id asc
limit 200;
