-- channel.feed_version.diff: how a version differs from another one, offer by offer; the counts that the guards judge
-- are of the merchant's own offers. Returns one row, NULL without another one.
with side as (
    select
        version = %(version)s as is_new,
        offer_sku,
        store_id,
        bool_and(ours) as ours,
        sum(quantity) as quantity,
        min(price) as price,
        bool_or(available) as available
    from channel.feed_offer
    where merchant_id = %(merchant_id)s and version in (%(version)s, %(against)s)
    group by version, offer_sku, store_id
),

offer as (
    select
        offer_sku,
        bool_or(not is_new) as was,
        bool_or(is_new) as stays,
        bool_or(ours) filter (where not is_new) as was_ours,
        bool_or(ours) filter (where is_new) as is_ours,
        min(price) filter (where not is_new) as price_before,
        min(price) filter (where is_new) as price_after,
        sum(quantity) filter (where not is_new) as quantity_before,
        sum(quantity) filter (where is_new) as quantity_after,
        bool_or(available) filter (where not is_new) as available_before,
        bool_or(available) filter (where is_new) as available_after
    from side
    group by offer_sku
),

change as (
    select
        offer.offer_sku,
        kind.kind,
        kind.weight,
        jsonb_strip_nulls(
            jsonb_build_object(
                'offer_sku', offer.offer_sku,
                'ours', coalesce(offer.is_ours, offer.was_ours),
                'price', jsonb_build_array(offer.price_before, offer.price_after),
                'quantity', jsonb_build_array(offer.quantity_before, offer.quantity_after)
            )
        ) as shown
    from offer
    inner join lateral (
        values
        ('removed', offer.was and not coalesce(offer.stays, false), offer.quantity_before * offer.price_before),
        ('added', offer.stays and not offer.was, offer.quantity_after * offer.price_after),
        (
            'price_jumped',
            not offer.was_ours
            and abs(offer.price_after - offer.price_before) * 100 > offer.price_before * %(jump_percent)s,
            abs(offer.price_after - offer.price_before)
        ),
        (
            'price_changed',
            offer.price_after <> offer.price_before,
            abs(offer.price_after - offer.price_before)
        ),
        (
            'raised',
            offer.quantity_after > offer.quantity_before or (offer.available_after and not offer.available_before),
            offer.quantity_after - offer.quantity_before
        ),
        (
            'lowered',
            offer.quantity_after < offer.quantity_before or (offer.available_before and not offer.available_after),
            offer.quantity_before - offer.quantity_after
        )
    ) as kind (kind, happened, weight) on true
    where kind.happened
),

ranked as (
    select
        kind,
        shown,
        row_number() over (partition by kind order by weight desc nulls last, offer_sku asc) as place
    from change
),

counted as (
    select
        kind,
        count(*) as n,
        jsonb_agg(shown order by place) filter (where place <= %(shown)s) as examples
    from ranked
    group by kind
)

select
    jsonb_build_object(
        'against', %(against)s::bigint,
        'own_before', (
            select count(*) from offer
            where was and not was_ours
        ),
        'own_removed', (
            select count(*) from offer
            where was and not was_ours and not coalesce(stays, false)
        ),
        'own_kept', (
            select count(*) from offer
            where was and stays and not was_ours
        ),
        'counts', coalesce((select jsonb_object_agg(kind, n) from counted), '{}'::jsonb),
        'examples', coalesce((select jsonb_object_agg(kind, examples) from counted), '{}'::jsonb)
    ) as diff
where %(against)s::bigint is not null;
