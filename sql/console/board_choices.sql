-- The categories and suppliers there are: the index is asked for the next one, however many rows each has.
with recursive category (merchant_id, name) as (
    select
        merchant.merchant_id,
        (
            select flow.category
            from mart.flow_weekly as flow
            where flow.merchant_id = merchant.merchant_id and flow.category is not null
            order by flow.category
            limit 1
        )
    from unnest(%(merchants)s::text[]) as merchant (merchant_id)
    union all
    select
        known.merchant_id,
        (
            select flow.category
            from mart.flow_weekly as flow
            where flow.merchant_id = known.merchant_id and flow.category > known.name
            order by flow.category
            limit 1
        )
    from category as known
    where known.name is not null
),

supplier (merchant_id, name) as (
    select
        merchant.merchant_id,
        (
            select flow.supplier
            from mart.flow_weekly as flow
            where flow.merchant_id = merchant.merchant_id and flow.category is null and flow.supplier is not null
            order by flow.category, flow.supplier
            limit 1
        )
    from unnest(%(merchants)s::text[]) as merchant (merchant_id)
    union all
    select
        known.merchant_id,
        (
            select flow.supplier
            from mart.flow_weekly as flow
            where flow.merchant_id = known.merchant_id and flow.category is null and flow.supplier > known.name
            order by flow.category, flow.supplier
            limit 1
        )
    from supplier as known
    where known.name is not null
)

select distinct
    'category' as what,
    name
from category
where name is not null
union all
select distinct
    'supplier' as what,
    name
from supplier
where name is not null
order by what, name;
