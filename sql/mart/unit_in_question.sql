-- mart.unit_in_question: units with an open difference or claim, by the goods they count as. Only what came into
-- question since the last look, or counts as something else since then, is looked up.
with asked as materialized (
    select unit_id
    from mart.discrepancy
    where merchant_id = %(merchant_id)s and status = 'open'
    union
    select unit_id
    from mart.claim
    where merchant_id = %(merchant_id)s and status in ('draft', 'ready', 'sent', 'accepted')
),

settled as (
    delete from mart.unit_in_question as known
    where
        known.merchant_id = %(merchant_id)s
        and not exists (
            select 1
            from asked
            where asked.unit_id = known.unit_id
        )
),

moved as (
    update mart.unit_in_question as known
    set category = told.category, supplier = told.supplier
    from stage_place as told
    inner join asked on told.unit_id = asked.unit_id
    where
        known.unit_id = told.unit_id
        and (known.category, known.supplier) is distinct from (told.category, told.supplier)
)

insert into mart.unit_in_question (unit_id, merchant_id, category, supplier)
select
    place.unit_id,
    place.merchant_id,
    place.category,
    place.supplier
from asked
inner join mart.unit_place as place on asked.unit_id = place.unit_id
where
    not exists (
        select 1
        from mart.unit_in_question as known
        where known.merchant_id = %(merchant_id)s and known.unit_id = asked.unit_id
    )
-- what is read together lies together
order by place.category, place.supplier, place.unit_id
on conflict (unit_id) do nothing;
